import Foundation

/// A folder that many files are written to.
package enum OutputFolder {
  /// Makes it, unless it is there, and looks at what is in it.
  ///
  /// - Throws: `FileError` when it cannot be made, or holds a link that leads out of it: who unpacked or copied such a
  ///   folder does not mean the file at its end.
  package static func make(_ path: String) throws {
    try AtomicFile.makeFolder(path)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      try check("\(path)/\(name)")
    }
  }

  /// Makes sure that what is written to `path` stays in the folder that it names.
  ///
  /// - Throws: `FileError` when it is a link that leads out of there.
  package static func check(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
    let folder = (path as NSString).deletingLastPathComponent
    guard let own = real(folder.isEmpty ? "." : folder), let place = real(path),
      place.hasPrefix(own == "/" ? own : own + "/")
    else {
      throw FileError(
        "\(path): is a link that leads out of its folder, where nothing is written; remove it, or choose "
          + "another --output")
    }
  }

  /// Removes what killed processes left of files that they were writing. Only for those who know that nobody writes there.
  package static func removeTemporaries(in path: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      unlink("\(path)/\(name)")
    }
  }

  private static func real(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
  }
}
