import Foundation

/// Runs other programs in the group of this process, so that Ctrl-C in a terminal stops them too:
/// Foundation's `Process` would leave a download behind that goes on.
enum Program {
  /// What becomes of what a program says.
  enum Streams: String {
    /// Its output is returned, its errors are dropped.
    case output = "2>/dev/null"
    /// Its output is returned, its errors go to this process's.
    case outputOnly = ""
    /// Its errors are returned, its output is dropped.
    case errors = "2>&1 >/dev/null"
  }

  /// A text that programs started meanwhile can read once, which is kept nowhere else.
  final class Input {
    private let descriptor: Int32

    /// What a program calls the file that it is read from.
    var path: String { "/dev/fd/\(descriptor)" }

    /// - Parameter text: no more than a pipe holds: 4 KiB.
    /// - Throws: `DatasetError` when the system has no pipe left.
    init(_ text: String) throws {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else {
        throw DatasetError("cannot make a pipe (\(String(cString: strerror(errno))))")
      }
      descriptor = ends[0]
      _ = text.withCString { write(ends[1], $0, strlen($0)) }
      close(ends[1])
    }

    deinit { close(descriptor) }
  }

  /// The exit code of a program that is not installed.
  static let notFound = 127

  /// Runs a program that is looked up in `PATH`, and waits for it.
  ///
  /// - Parameter limit: about how many bytes a file may have that it writes; a program that writes
  ///   more is ended.
  /// - Returns: its exit code (128 and more after a signal) and what it said.
  /// - Throws: `DatasetError` when no process can be started.
  static func run(
    _ command: [String], keeping streams: Streams, limit: Int? = nil
  ) throws -> (status: Int, output: String) {
    let words = command.map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }
    let shell =
      "command -v \(words[0]) >/dev/null || exit \(notFound); "
      // In blocks of 512 bytes, some more than needed, so that a file that is too large can be told.
      + (limit.map { "ulimit -f \($0 / 512 + 2) 2>/dev/null; " } ?? "")
      + "exec \(words.joined(separator: " ")) \(streams.rawValue)"
    guard let pipe = popen(shell, "r") else {
      throw DatasetError("cannot run \(command[0]) (\(String(cString: strerror(errno))))")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
      bytes += chunk[..<count]
    }
    let status = Int(pclose(pipe))
    let signal = status & 0x7f
    return (signal == 0 ? status >> 8 & 0xff : 128 + signal, String(decoding: bytes, as: UTF8.self))
  }
}
