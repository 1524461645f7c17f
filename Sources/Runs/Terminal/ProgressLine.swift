import Foundation
import FunMatchFiles

/// Tells on standard error how far a run is: one live line on a terminal, as wide as that is, else a line every few
/// seconds.
package final class ProgressLine {
  private let total: Int
  private let left: (() -> Double)?
  private let live: LiveText
  private let interval: Double
  private var begin: (step: Int, time: ContinuousClock.Instant)?
  private var last: ContinuousClock.Instant?
  private var rate = 0.0
  private var note: [String] = []

  /// The line of a run of so many steps.
  ///
  /// - Parameter left: seconds that are left of a run of which time tells when it ends; `nil`: its steps tell.
  package init(total: Int, left: (() -> Double)? = nil, on terminal: Terminal = Terminal()) {
    (self.total, self.left) = (total, left)
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
    line.append(left == nil ? "step \(step)/\(total)" : "step \(step)", rank: 0)
    line.append("epoch \(NumberText.fixed(epoch, 2))", rank: 6)
    line.append("\(NumberText.fixed(rate, 0)) images/s", rank: 5)
    line.append("loss \(NumberText.fixed(loss, 4))", rank: 2)
    for word in note { line.append(word, rank: 4) }
    let (more, done) = (total - step, step - begin.step)
    let each = begin.time.duration(to: now).seconds / Double(max(1, done))
    let ending = Self.ending(left?() ?? (done > 0 ? each * Double(more) : 0))
    for (rank, part) in ending.enumerated() { line.append(part, rank: 1 + 2 * rank) }
    live.show([line.text(columns: live.columns)])
    if step == total { live.leave() }
  }

  /// How long the rest takes and when it ends, evaluations and checkpoints included, since they were
  /// so far.
  private static func ending(_ rest: Double) -> [String] {
    guard rest > 0 else { return [] }
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
