import Foundation
import FunMatchFiles

/// Tells on standard error how far a run is: one live line on a terminal, as wide as that is, else a line every few
/// seconds.
package final class ProgressLine {
  private let total: Int
  private let live: LiveText
  private let interval: Double
  private var begin: (step: Int, time: ContinuousClock.Instant)?
  private var last: ContinuousClock.Instant?
  private var rate = 0.0
  private var note: [String] = []

  /// The line of a run of so many steps.
  package init(total: Int, on terminal: Terminal = Terminal()) {
    self.total = total
    live = LiveText(terminal)
    interval = live.isLive ? 0.2 : 5
  }

  /// Shows a step if the last showing is long enough ago, or it is the last step.
  package func show(step: Int, epoch: Double, imagesPerSecond: Double, loss: Double) {
    rate = rate == 0 ? imagesPerSecond : 0.95 * rate + 0.05 * imagesPerSecond
    let now = ContinuousClock.now
    // The first step is slower than those after it.
    let begin = self.begin ?? (step, now)
    self.begin = begin
    if let last, last.duration(to: now) < .seconds(interval), step < total { return }
    last = now
    var line = FieldLine()
    line.append("step \(step)/\(total)", rank: 0)
    line.append("epoch \(NumberText.fixed(epoch, 2))", rank: 6)
    line.append("\(NumberText.fixed(rate, 0)) images/s", rank: 5)
    line.append("loss \(NumberText.fixed(loss, 4))", rank: 2)
    for word in note { line.append(word, rank: 4) }
    let ending = Self.ending(
      left: total - step, done: step - begin.step, in: begin.time.duration(to: now).seconds)
    for (rank, part) in ending.enumerated() { line.append(part, rank: 1 + 2 * rank) }
    live.show([line.text(columns: live.columns)])
    if step == total { live.leave() }
  }

  /// How long the rest takes and when it ends, evaluations and checkpoints included, since they were
  /// so far.
  private static func ending(left: Int, done: Int, in seconds: Double) -> [String] {
    guard done > 0, left > 0 else { return [] }
    let rest = seconds / Double(done) * Double(left)
    // What ends soon needs no date.
    guard rest > 600 else { return ["\(NumberText.duration(rest)) left"] }
    let end = Date(timeIntervalSinceNow: min(rest, 1e10))
    return [
      "\(NumberText.duration(rest)) left",
      "ends \(NumberText.time(end, withDay: rest > 72_000))",
    ]
  }

  /// What the line says of the latest evaluation from now on.
  package func remember(_ accuracy: String) { note = accuracy.components(separatedBy: ", ") }

  /// Clears the live line, so that other words can be written.
  package func clear() { live.clear() }
}
