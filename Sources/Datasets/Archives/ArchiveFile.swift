import Foundation
import FunMatchImages

/// An archive that images are read from the middle of.
final class ArchiveFile: Sendable {
  let path: String
  /// `nil` where the file is opened anew for every read.
  private let descriptor: Int32?

  /// More archives than this are not kept open at once, since a process may only have so many files
  /// open: often 1,024, which `ulimit -n` tells.
  static var openLimit: Int { min(500, Int(getdtablesize()) / 2) }

  /// Opens an archive, and keeps it open or only looks whether it can be.
  ///
  /// - Throws: `DatasetError` when it cannot be opened.
  init(_ path: String, keepsOpen: Bool = true) throws {
    self.path = path
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError("\(path): cannot be opened (\(String(cString: strerror(errno))))")
    }
    if !keepsOpen { close(descriptor) }
    self.descriptor = keepsOpen ? descriptor : nil
  }

  deinit {
    if let descriptor { close(descriptor) }
  }

  /// Lends the open file.
  ///
  /// - Throws: `ImageError` when it cannot be opened.
  func withDescriptor<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    if let descriptor { return try body(descriptor) }
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ImageError(kind: .unreadable, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    return try body(descriptor)
  }

  /// Asks the system to fetch bytes from the disk; does not wait for them.
  func readAhead(_ bytes: Range<Int>) {
    #if os(Linux)
      try? withDescriptor {
        _ = posix_fadvise(
          $0, off_t(bytes.lowerBound), off_t(bytes.count), Int32(POSIX_FADV_WILLNEED))
      }
    #endif
  }

  /// Walks over the members.
  ///
  /// - Throws: `DatasetError` when it is compressed or cannot be read.
  func scan<Result>(_ body: (inout TarScanner, Int32) throws -> Result) throws -> Result {
    try withDescriptor { descriptor in
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw DatasetError("\(path): is not a tar archive")
      }
      var scanner = try TarScanner(descriptor, range: 0..<Int(status.st_size), name: path)
      return try body(&scanner, descriptor)
    }
  }
}
