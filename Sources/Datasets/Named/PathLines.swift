import Foundation
import FunMatchFiles

/// The lines of a stream as they come, such as paths on standard input.
final class PathLines {
  /// What is there.
  enum Next {
    /// A line without its end, LF or CR LF.
    case line([UInt8])
    /// None yet.
    case later
    /// None any more.
    case end
  }
  private let descriptor: Int32
  private let name: String
  private var bytes: [UInt8] = []
  private var start = 0
  private var isOver = false
  /// Far more than a path may have.
  private static let longest = 1 << 20

  /// Reads a file that is open.
  ///
  /// - Parameter name: what errors call it.
  init(_ descriptor: Int32, name: String) { (self.descriptor, self.name) = (descriptor, name) }

  /// The next line.
  ///
  /// - Parameter waiting: whether to wait for it; without it a part of a line that has come is kept for later.
  /// - Throws: `FileError` when the stream cannot be read, or its lines are far too long for paths.
  func next(waiting: Bool) throws -> Next {
    var searched = start
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return .line(trimmed(bytes[start..<end]))
      }
      if isOver {
        guard start < bytes.count else { return .end }
        defer { start = bytes.count }
        return .line(trimmed(bytes[start...]))
      }
      bytes.removeFirst(start)
      (start, searched) = (0, bytes.count)
      guard bytes.count <= Self.longest else {
        throw FileError(
          "\(name): a line has more than \(Self.longest) bytes; expected one path a line")
      }
      guard try fill(waiting: waiting) else { return .later }
    }
  }

  private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
    Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
  }

  /// Reads some bytes, or finds the end.
  ///
  /// - Returns: false where there is nothing yet.
  private func fill(waiting: Bool) throws -> Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&state, 1, waiting ? -1 : 0) < 0 && errno == EINTR {}
    guard waiting || state.revents != 0 else { return false }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0 && [EINTR, EAGAIN].contains(errno) { return waiting }
    guard count >= 0 else { throw FileError.system("cannot be read", name) }
    bytes += chunk[..<count]
    isOver = count == 0
    return true
  }
}
