import FunMatchRuns
import Testing

/// When a run of so many hours cools down, on a clock that the test sets.
struct RunClockTests {
  /// Makes steps until it is time, and those of the cool-down.
  ///
  /// - Parameter step: what a step takes, from its number.
  /// - Returns: steps before the cool-down, and the share of the time that all took with the end.
  private func run(
    hours: Double, start: Double, end: Double, before: Double = 0, share: Double = 0.2,
    _ step: (Int) -> Double
  ) -> (steps: Int, share: Double) {
    var time = start
    let clock = RunClock(hours: hours) { time }
    (clock.before, clock.ending) = (before, end)
    func cooldown(_ steps: Int) -> Int {
      max(1, Int((share / (1 - share) * Double(steps)).rounded()))
    }
    var steps = 0
    repeat {
      steps += 1
      time += step(steps)
      clock.note(steps)
    } while !clock.mustCoolDown(after: steps, cooldown)
    let all = steps + cooldown(steps)
    for number in steps + 1...all { time += step(number) }
    return (steps, (before + time + end) / (3600 * hours))
  }

  /// Steps that are always as long; the first takes longer.
  @Test(arguments: [(0.02, 0.02), (0.5, 0.3), (2, 20), (48, 1.5), (10, 0.01)])
  func itEndsInTime(hours: Double, seconds: Double) {
    let found = run(hours: hours, start: 8, end: 5) { $0 == 1 ? 4 * seconds : seconds }
    let lost = 1.5 * seconds / (3600 * hours)
    #expect(found.share <= 1.0001 && found.share >= 1 - max(0.001, 1.5 * lost), "\(found)")
  }

  /// Every hundredth step has an evaluation, and at half of the time another program begins to take a half of the cores.
  @Test func evaluationsCountAndSoDoesWhatBecomesSlower() {
    let evaluated = run(hours: 1, start: 10, end: 20) { $0.isMultiple(of: 100) ? 6 : 0.5 }
    #expect(abs(evaluated.share - 1) < 0.01, "\(evaluated)")
    let slower = run(hours: 1, start: 10, end: 20) { $0 > 3000 ? 1 : 0.5 }
    #expect(abs(slower.share - 1) < 0.01, "\(slower)")
  }

  /// What was over when it went on counts.
  @Test func theTimeBeforeCounts() {
    let whole = run(hours: 1, start: 10, end: 20) { _ in 0.5 }
    let rest = run(hours: 1, start: 10, end: 20, before: 1800) { _ in 0.5 }
    #expect(abs(Double(whole.steps) / Double(rest.steps) - 3570 / 1770) < 0.01, "\(whole), \(rest)")
    #expect(rest.share <= 1.0001 && rest.share > 0.999)
    // Nothing is left: it cools down as soon as it knows what a step takes.
    #expect(run(hours: 1, start: 10, end: 20, before: 3600) { _ in 0.5 }.steps == 2)
  }
}
