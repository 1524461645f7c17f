import Foundation
import FunMatchTorch

/// A terminal without a screen: what is written to it is kept.
public final class PseudoTerminal: @unchecked Sendable {
  /// The side that a program writes to.
  public let descriptor: Int32
  private let other: Int32
  private let isRead = DispatchSemaphore(value: 0)
  /// Written by the thread that reads, read once that is over.
  private var bytes: [UInt8] = []

  /// Opens one of this size.
  public init(columns: Int, rows: Int = 24) throws {
    // Swift's Glibc module does not have these.
    let program = dlopen(nil, RTLD_NOW)
    func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
      guard let symbol = dlsym(program, name) else { throw TorchError("there is no \(name)") }
      return unsafeBitCast(symbol, to: type)
    }
    typealias Change = @convention(c) (Int32) -> Int32
    typealias Name = @convention(c) (Int32) -> UnsafePointer<CChar>?
    other = try function("posix_openpt", as: Change.self)(O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard
      try other >= 0 && function("grantpt", as: Change.self)(other) == 0
        && function("unlockpt", as: Change.self)(other) == 0,
      let name = try function("ptsname", as: Name.self)(other)
    else { throw TorchError("no pseudo-terminal: \(String(cString: strerror(errno)))") }
    descriptor = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TorchError("cannot open a pseudo-terminal") }
    resize(columns: columns, rows: rows)
    Thread { self.collect() }.start()
  }

  /// Gives it another size.
  public func resize(columns: Int, rows: Int = 24) {
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
  }

  private func collect() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(other, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      // When nobody has the other side any more, reading is an error.
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    isRead.signal()
  }

  /// Closes this process's side and waits until all others have, too. To be called once.
  ///
  /// - Returns: all that was written.
  public func text() -> String {
    close(descriptor)
    isRead.wait()
    close(other)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The rows that a terminal of so many columns shows after a text, from the first on that it ever showed.
  public static func rows(of text: String, columns: Int) -> [String] {
    var rows: [[Character]] = [[]]
    var (row, column) = (0, 0)
    func next() {
      row += 1
      if row == rows.count { rows.append([]) }
    }
    var rest = Substring(text)
    while let character = rest.first {
      if let escape = rest.prefixMatch(of: /\u{1B}\[(\d*)([A-Z])/) {
        rest = rest[escape.range.upperBound...]
        switch escape.2 {
        case "A": row = max(0, row - (Int(escape.1) ?? 1))
        case "J":
          rows[row] = Array(rows[row].prefix(column))
          rows.removeLast(rows.count - row - 1)
        default: rows[row] = Array(rows[row].prefix(column))
        }
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "\r": column = 0
      case "\n": next()
      // One character for Swift.
      case "\r\n":
        column = 0
        next()
      default:
        let width = character.unicodeScalars.contains { 0x3040...0x9FFF ~= $0.value } ? 2 : 1
        if column + width > columns {
          column = 0
          next()
        }
        while rows[row].count < column + width { rows[row].append(" ") }
        rows[row][column] = character
        if width == 2 { rows[row][column + 1] = "\u{200B}" }
        column += width
      }
    }
    return rows.map { String($0).replacingOccurrences(of: "\u{200B}", with: "") }
  }
}
