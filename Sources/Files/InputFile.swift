import Foundation

/// A regular file open for reading, whose size is known before any of it is read.
///
/// It is read rather than mapped: a mapped file that is cut short meanwhile would end the program
/// with a signal.
package final class InputFile: Sendable {
  package let path: String
  package let size: Int
  private let descriptor: Int32

  package init(_ path: String) throws {
    self.path = path
    // Without O_NONBLOCK, opening a named pipe would wait for somebody to write.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Self.failure(path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError("cannot read '\(path)': it is not a regular file")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Exactly `count` bytes from `offset` on; the caller has checked them against `size`.
  package func read(at offset: Int, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try read(
        at: offset,
        into: UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
  }

  /// As many bytes from `offset` on as `buffer` holds; the caller has checked them against `size`.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      // One call reads less than 2 GiB on every system.
      let found = pread(
        descriptor, piece.baseAddress, min(piece.count, 1 << 30), off_t(offset + done))
      if found < 0 && errno == EINTR { continue }
      guard found >= 0 else {
        throw Self.failure(path)
      }
      guard found > 0 else {
        throw FileError("'\(path)' became shorter than \(size) bytes while it was being read")
      }
      done += found
    }
  }

  private static func failure(_ path: String) -> FileError {
    let code = errno
    return FileError("cannot read '\(path)': \(FileError.reason(code))", code)
  }
}
