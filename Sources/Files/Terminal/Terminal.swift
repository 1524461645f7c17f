import Foundation

/// Where words for people go, standard error as a rule, and what can be shown there.
public struct Terminal: Sendable {
  /// The open file.
  public let descriptor: Int32
  /// Whether what was written can be written over: it is a terminal that takes escapes, and nobody wants none. `TERM` tells
  /// the one (`dumb`, or nothing, of those that take none), `NO_COLOR` the other.
  public let isLive: Bool
  private let environment: (rows: Int?, columns: Int?)

  /// A file that is open, usually a terminal.
  public init(
    _ descriptor: Int32 = STDERR_FILENO,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    self.descriptor = descriptor
    self.environment = (number("LINES"), number("COLUMNS"))
    isLive =
      isatty(descriptor) == 1 && !["", "dumb"].contains(environment["TERM"] ?? "")
      && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Rows and columns, at least 1, which may be others at any moment. `LINES` and `COLUMNS` tell them where the terminal does
  /// not.
  public var size: (rows: Int, columns: Int) {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) != 0 { size = winsize() }
    func known(_ asked: UInt16, _ told: Int?, _ usual: Int) -> Int {
      asked > 0 ? Int(asked) : told.flatMap { $0 > 0 ? $0 : nil } ?? usual
    }
    return (
      known(size.ws_row, environment.rows, 24), known(size.ws_col, environment.columns, 80)
    )
  }

  /// Writes all of a text. What cannot be written is lost: there is nobody to tell.
  public func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return }
      bytes = bytes.dropFirst(written)
    }
  }

  /// Writes a sentence as a line of its own, its control characters escaped.
  public func say(_ sentence: String) { write(sentence.printable + "\n") }
}
