import FunMatchDistillation
import FunMatchFiles

/// Tells on standard error how far a piece of work is that is counted: one live line on a terminal, else a line every few
/// seconds.
package final class CountLine {
  private let live: LiveText
  private let interval: Double
  private let isQuiet: Bool
  private var last: ContinuousClock.Instant?
  private var begin: (what: String, time: ContinuousClock.Instant)?

  /// - Parameter isQuiet: whether nothing is told.
  package init(isQuiet: Bool = false, on terminal: Terminal = Terminal()) {
    live = LiveText(terminal)
    interval = live.isLive ? 0.2 : 5
    self.isQuiet = isQuiet
  }

  /// Shows that `done` of `total` are done, if the last showing is long enough ago.
  ///
  /// - Parameters:
  ///   - what: what is done; the time that it takes counts from its first showing on.
  ///   - unit: of what there are so many.
  package func show(_ what: String, _ done: Int, of total: Int, _ unit: String) {
    let now = ContinuousClock.now
    if begin?.what != what { begin = (what, now) }
    guard let begin, isDue(now) else { return }
    var line = FieldLine()
    line.append("\(what) \(NumberText.grouped(done))/\(NumberText.grouped(total))", rank: 0)
    let seconds = begin.time.duration(to: now).seconds
    if seconds > 0 {
      let rate = Double(done) / seconds
      line.append("\(NumberText.fixed(rate, 0)) \(unit)/s", rank: 2)
      if rate > 0 {
        line.append("\(NumberText.duration(Double(total - done) / rate)) left", rank: 1)
      }
    }
    live.show([line.text(columns: live.columns)])
  }

  /// Shows a text, if the last showing is long enough ago.
  package func show(_ text: String) {
    guard isDue(.now) else { return }
    live.show([text])
  }

  /// Clears the live line, so that other words can be written.
  package func clear() { if !isQuiet { live.clear() } }

  private func isDue(_ now: ContinuousClock.Instant) -> Bool {
    guard !isQuiet else { return false }
    if let last, last.duration(to: now) < .seconds(interval) { return false }
    last = now
    return true
  }
}
