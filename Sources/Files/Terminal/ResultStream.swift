import Foundation

/// Standard output for results that are written while others are still computed. Unlike what `print` does, a result that
/// cannot be written is an error at once.
public final class ResultStream {
  private let descriptor: Int32
  private var bytes: [UInt8] = []
  private static let mostKept = 1 << 16

  /// Writes to a file that is open.
  public init(_ descriptor: Int32 = STDOUT_FILENO) { self.descriptor = descriptor }

  /// Writes a text, now or at the latest when `flush` is called.
  ///
  /// - Throws: as `flush`.
  public func write(_ text: String) throws {
    bytes += text.utf8
    if bytes.count >= Self.mostKept { try flush() }
  }

  /// Writes what is not yet written.
  ///
  /// - Throws: `FileError` when it cannot be; its code is `EPIPE` where the reader is gone.
  public func flush() throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      if written < 0 && errno == EAGAIN {
        // Somebody who shares the file does not want to wait; we do.
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&state, 1, -1)
        continue
      }
      guard written > 0 else {
        throw FileError.system("the result cannot be written", "standard output")
      }
      rest = rest.dropFirst(written)
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
