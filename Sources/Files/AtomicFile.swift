import Foundation

/// A file that appears whole or not at all.
///
/// It is written under a temporary name in the folder of its destination, flushed to the disk and
/// then renamed, so that neither a crash nor a full disk leaves half a file or harms the one that
/// was there before. A destination that is a symbolic link stays one; a device such as
/// `/dev/stdout` is written directly.
public final class AtomicFile {
  private let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Writes `bytes` as the whole of the file at `path`.
  ///
  /// - Throws: `FileError` that names the path and the reason.
  public static func write(to path: String, _ bytes: some ContiguousBytes) throws {
    try write(to: path) { try $0.append(bytes) }
  }

  /// Writes a file piece by piece, so that what it holds need not be in memory at once.
  ///
  /// - Parameter body: appends the contents; when it throws, no file is made and the error is
  ///   passed on.
  public static func write(to path: String, _ body: (AtomicFile) throws -> Void) throws {
    if try isDevice(path) {
      try fill(path, open(path, O_WRONLY | O_CLOEXEC), flush: false, body)
    } else {
      try replace(path) { temporary in
        try fill(path, open(temporary, O_WRONLY | O_CLOEXEC), flush: true, body)
      }
    }
  }

  /// Makes a folder and those above it, unless they are there.
  ///
  /// - Throws: `FileError` that names the path and the reason.
  public static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      let code = FileError.number(of: error) ?? EIO
      throw FileError("cannot make the folder '\(path)': \(FileError.reason(code))", code)
    }
  }

  /// Appends bytes.
  public func append(_ bytes: some ContiguousBytes) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        // One call writes less than 2 GiB on every system.
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        let written = Foundation.write(descriptor, piece.baseAddress, piece.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { throw AtomicFile.failure(path) }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// Hands an empty temporary file beside `path` to `body`, which fills it by name, and then puts
  /// it in the place of `path`. Whatever fails, the temporary file is gone afterwards.
  package static func replace(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    guard try !isDevice(path) else {
      throw FileError("cannot write '\(path)': a regular file was expected, this is a device")
    }
    let destination = resolved(path)
    let folder = (destination as NSString).deletingLastPathComponent
    let name = (destination as NSString).lastPathComponent
    let suffix = String(UInt64.random(in: 0...(.max)), radix: 36)
    let temporary = (folder as NSString).appendingPathComponent(beginning(name) + suffix + ".tmp")
    let created = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard created >= 0 else { throw failure(path) }
    close(created)
    do {
      try body(temporary)
      try flush(temporary, naming: path)
      guard rename(temporary, destination) == 0 else { throw failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try flush(folder.isEmpty ? "." : folder, naming: path)
  }

  /// Removes what a killed process left behind that was writing `path`. Only for those who know that nobody writes it now.
  package static func removeTemporaries(of path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let start = beginning((path as NSString).lastPathComponent)
    let place = folder.isEmpty ? "." : folder
    for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    where name.hasPrefix(start) && name.hasSuffix(".tmp") {
      unlink(place + "/" + name)
    }
  }

  /// How the names of temporary files of a file begin; cut, because a name of the longest length allowed leaves no room for
  /// the rest.
  private static func beginning(_ name: String) -> String {
    ".\(String(decoding: name.utf8.prefix(48), as: UTF8.self))."
  }

  private static func fill(
    _ path: String, _ descriptor: Int32, flush: Bool, _ body: (AtomicFile) throws -> Void
  ) throws {
    guard descriptor >= 0 else { throw failure(path) }
    do {
      try body(AtomicFile(path: path, descriptor: descriptor))
    } catch {
      close(descriptor)
      throw error
    }
    // Some file systems report a full disk only here.
    guard close(descriptor) == 0 else { throw failure(path) }
  }

  private static func flush(_ name: String, naming path: String) throws {
    let descriptor = open(name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    // Not every file system can flush a folder.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw failure(path)
    }
  }

  /// Whether there is something at `path` that cannot be replaced by a file.
  private static func isDevice(_ path: String) throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return false
    case S_IFDIR: throw FileError("cannot write '\(path)': it is a folder")
    default: return true
    }
  }

  /// Where a symbolic link leads, or `path` itself when there is no file yet.
  private static func resolved(_ path: String) -> String {
    guard let pointer = realpath(path, nil) else { return path }
    defer { free(pointer) }
    return String(cString: pointer)
  }

  private static func failure(_ path: String) -> FileError {
    let code = errno
    return FileError("cannot write '\(path)': \(FileError.reason(code))", code)
  }
}
