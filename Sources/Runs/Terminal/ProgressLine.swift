import Foundation
import FunMatchFiles

/// Tells on standard error how far a run is: one live line on a terminal, else a line every few
/// seconds.
final class ProgressLine {
  private let total: Int
  private let isTerminal: Bool
  private let interval: Double
  private var begin: (step: Int, time: ContinuousClock.Instant)?
  private var last: ContinuousClock.Instant?
  private var rate = 0.0
  private var note = ""

  init(total: Int) {
    self.total = total
    isTerminal = isatty(STDERR_FILENO) == 1
    interval = isTerminal ? 0.2 : 5
  }

  /// Shows a step if the last showing is long enough ago, or it is the last step.
  func show(step: Int, epoch: Double, imagesPerSecond: Double, loss: Double) {
    rate = rate == 0 ? imagesPerSecond : 0.95 * rate + 0.05 * imagesPerSecond
    let now = ContinuousClock.now
    // The first step is slower than those after it.
    let begin = self.begin ?? (step, now)
    self.begin = begin
    if let last, last.duration(to: now) < .seconds(interval), step < total { return }
    last = now
    let text =
      "step \(step)/\(total)  epoch \(NumberText.fixed(epoch, 2))  \(NumberText.fixed(rate, 0)) images/s  "
      + "loss \(NumberText.fixed(loss, 4))\(note)"
      + Self.ending(
        left: total - step, done: step - begin.step, in: begin.time.duration(to: now).seconds)
    write(isTerminal ? "\r\u{1B}[K" + text + (step == total ? "\n" : "") : text + "\n")
  }

  /// How long the rest takes and when it ends, evaluations and checkpoints included, since they were
  /// so far.
  private static func ending(left: Int, done: Int, in seconds: Double) -> String {
    guard done > 0, left > 0 else { return "" }
    let rest = seconds / Double(done) * Double(left)
    // What ends soon needs no date.
    guard rest > 600 else { return "  \(NumberText.duration(rest)) left" }
    let format = Date.FormatStyle(date: rest > 72_000 ? .abbreviated : .omitted, time: .shortened)
    return
      "  \(NumberText.duration(rest)) left, ends \(Date(timeIntervalSinceNow: min(rest, 1e10)).formatted(format))"
  }

  /// What the line says of the latest evaluation from now on.
  func remember(_ accuracy: String) { note = "  " + accuracy }

  /// Clears the live line, so that other words can be written.
  func clear() {
    if isTerminal { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
