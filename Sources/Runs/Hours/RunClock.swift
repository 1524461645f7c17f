/// The time of a run that is as long as some hours: what is over, what is left, and when it has to cool down to end in time.
///
/// Only the time counts in which steps were made that the run has: of a run that goes on, up to the state that it goes on from.
package final class RunClock {
  /// Seconds that the run may take.
  package let budget: Double
  /// Seconds that it took before this process.
  package var before = 0.0
  /// Seconds that come after the last step, as far as that is known.
  package var ending = 0.0
  private let now: () -> Double
  /// Some of the steps, and when they were done: the first, and others evenly spread.
  private var marks: [(step: Int, seconds: Double)] = []
  private var stride = 1
  private var latest: (step: Int, seconds: Double)?

  private static let mostMarks = 1024

  /// - Parameter now: seconds since the process began.
  package init(hours: Double, now: @escaping () -> Double) {
    (budget, self.now) = (3600 * hours, now)
  }

  /// Seconds that are over.
  package var seconds: Double { before + now() }

  /// Seconds that are left, not below 0.
  package var left: Double { max(0, budget - seconds) }

  /// Takes note of a step that is done, evaluation and saving included.
  package func note(_ step: Int) {
    let mark = (step: step, seconds: now())
    latest = mark
    guard marks.isEmpty || step.isMultiple(of: stride) else { return }
    marks.append(mark)
    guard marks.count > Self.mostMarks else { return }
    stride *= 2
    marks = marks.enumerated().filter { $0 == 0 || $1.step.isMultiple(of: stride) }.map(\.element)
  }

  /// Seconds of a step, in the mean of the latest ones.
  ///
  /// - Parameter count: how many; fewer where there were fewer. The first of a process, which sets things up, does not count.
  /// - Returns: `nil` before there were two.
  package func secondsPerStep(over count: Int) -> Double? {
    guard let latest,
      let first = marks.last(where: { latest.step - $0.step >= count }) ?? marks.first,
      latest.step > first.step
    else { return nil }
    return (latest.seconds - first.seconds) / Double(latest.step - first.step)
  }

  /// Whether one more step before the cool-down would be one too many. The steps that are to come are expected to take as long as
  /// as many before them.
  ///
  /// - Parameter cooldown: steps of the cool-down after so many others.
  package func mustCoolDown(after step: Int, _ cooldown: (Int) -> Int) -> Bool {
    guard let each = secondsPerStep(over: cooldown(step)) else { return false }
    return seconds + each * Double(1 + cooldown(step + 1)) + ending > budget
  }
}
