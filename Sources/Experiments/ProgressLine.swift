import Foundation

/// Tells on standard error how far a run is: one live line on a terminal, else a line every few
/// seconds.
final class ProgressLine {
  private let total: Int
  private let isTerminal: Bool
  private let interval: Double
  private var last: ContinuousClock.Instant?
  private var rate = 0.0
  private var note = ""

  init(total: Int) {
    self.total = total
    isTerminal = isatty(STDERR_FILENO) == 1
    interval = isTerminal ? 0.2 : 5
  }

  /// Shows a step if the last showing is long enough ago, or it is the last step.
  func show(step: Int, epoch: Double, imagesPerSecond: Double, batchSize: Int, loss: Double) {
    rate = rate == 0 ? imagesPerSecond : 0.95 * rate + 0.05 * imagesPerSecond
    let now = ContinuousClock.now
    if let last, last.duration(to: now) < .seconds(interval), step < total { return }
    last = now
    let left = Double(total - step) * Double(batchSize) / max(rate, 1e-9)
    let text =
      "step \(step)/\(total)  epoch \(Self.fixed(epoch, 2))  \(Self.fixed(rate, 0)) images/s  "
      + "loss \(Self.fixed(loss, 4))\(note)  \(Self.time(left)) left"
    write(isTerminal ? "\r\u{1B}[K" + text + (step == total ? "\n" : "") : text + "\n")
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

  static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  static func time(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9))
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
  }
}
