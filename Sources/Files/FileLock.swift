import Foundation

/// Keeps other processes from a file as long as it lives, however the process ends.
///
/// On a file system without locks nobody is known to have the file.
public final class FileLock {
  /// The file, open for reading and writing.
  let descriptor: Int32
  private let path: String

  private init(_ path: String, _ descriptor: Int32) {
    (self.path, self.descriptor) = (path, descriptor)
  }

  deinit { close(descriptor) }

  /// Locks a file, which is made if it is not there.
  ///
  /// - Parameter isInherited: whether programs that this process starts hold the lock, too.
  /// - Returns: `nil` when another process has it.
  /// - Throws: `FileError` when it cannot be opened.
  public static func take(_ path: String, isInherited: Bool = false) throws -> FileLock? {
    let descriptor = open(path, O_CREAT | O_RDWR | (isInherited ? 0 : O_CLOEXEC), 0o644)
    guard descriptor >= 0 else { throw FileError.system("cannot be written", path) }
    let lock = FileLock(path, descriptor)
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ? lock : nil
  }

  /// Locks a folder: one process at a time may write into it.
  ///
  /// - Throws: `FileError` when another process has it, or it cannot be written.
  public static func takeFolder(_ path: String) throws -> FileLock {
    guard let lock = try take(path + "/.lock") else {
      throw FileError("\(path): another process is running in this folder")
    }
    return lock
  }

  /// Whether the file that is locked is still the one under its name.
  public var isThere: Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  /// Writes bytes from `offset` on, and makes the file longer where it takes that.
  ///
  /// - Throws: `FileError` when the disk is full or refuses.
  public func write(_ bytes: [UInt8], at offset: Int) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let count = pwrite(
          descriptor, piece.baseAddress, piece.count, off_t(offset + rest.startIndex))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw FileError.system("cannot be written", path) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Cuts the file, or makes it longer.
  ///
  /// - Throws: `FileError` when that cannot be done.
  public func truncate(to size: Int) throws {
    guard ftruncate(descriptor, off_t(size)) == 0 else {
      throw FileError.system("cannot be written", path)
    }
  }

  /// Brings what was written to the disk.
  ///
  /// - Throws: `FileError` when the disk refuses.
  public func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw FileError.system("cannot be written", path) }
  }
}
