import Foundation

/// Folders that were made for something, and go again where nothing came of it.
package struct MadeFolders {
  private var paths: Set<String> = []

  /// None yet.
  package init() {}

  /// Makes a folder and those above it, unless they are there.
  ///
  /// - Throws: `FileError` that names the path and the reason; what was made before that is gone again.
  package mutating func make(_ path: String) throws {
    var place = path
    while !place.isEmpty, !FileManager.default.fileExists(atPath: place) {
      paths.insert(place)
      place = (place as NSString).deletingLastPathComponent
    }
    do {
      try AtomicFile.makeFolder(path)
    } catch {
      removeEmpty()
      throw error
    }
  }

  /// Removes a folder with all that is in it, if it is one of them, and those in which there is nothing then.
  package func remove(_ path: String) {
    if paths.contains(path) { try? FileManager.default.removeItem(atPath: path) }
    removeEmpty()
  }

  /// Removes those of them in which there is nothing.
  package func removeEmpty() {
    for path in paths.sorted(by: { $0.utf8.count > $1.utf8.count }) { rmdir(path) }
  }
}
