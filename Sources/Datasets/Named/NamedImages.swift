import Foundation

/// Images as a command line names them: by the path of a file, pipe or device, by a folder that they lie under, by a pattern
/// of paths where no file is called so, or by `-`, a list on standard input of one path a line. What names none is among
/// them, too, with the reason. None is looked for before its turn.
package final class NamedImages {
  /// What comes next.
  package enum Next {
    /// An image, or what should be one.
    case image(NamedImage)
    /// Nobody knows yet.
    case later
    /// Nothing.
    case end
  }
  private enum Word {
    /// As it was given.
    case given([UInt8])
    /// A path that matches a pattern.
    case found([UInt8])
  }
  /// Words still to come, the next one last.
  private var words: [Word]
  private var walk: FolderWalk?
  private var list: PathLines?
  private var isListEmpty = true
  private let input: Int32

  /// Images by the words of a command line.
  ///
  /// - Parameter input: where lists are read from.
  package init(_ words: [String], input: Int32 = STDIN_FILENO) {
    self.words = words.reversed().map { .given(Array($0.utf8)) }
    self.input = input
  }

  /// The next image.
  ///
  /// - Parameter waiting: whether to wait until a list tells it.
  /// - Throws: `FileError` when a list cannot be read.
  package func next(waiting: Bool) throws -> Next {
    while true {
      if let image = walk?.next() { return .image(image) }
      walk = nil
      if let list {
        switch try list.next(waiting: waiting) {
        case .line(let path):
          guard !path.isEmpty else { continue }
          isListEmpty = false
          return .image(.file(path))
        case .later: return .later
        case .end: self.list = nil
        }
        if isListEmpty {
          return .image(.nothing(DatasetError("\(Self.inputName): names no images")))
        }
      }
      guard let word = words.popLast() else { return .end }
      if let image = begin(word) { return .image(image) }
    }
  }

  /// - Returns: what the word names if that is a single thing.
  private func begin(_ word: Word) -> NamedImage? {
    switch word {
    case .given(let text):
      if text == Array("-".utf8) {
        list = PathLines(input, name: Self.inputName)
        return nil
      }
      var status = stat()
      let isThere = NamedImage.withCharacters(text) { lstat($0, &status) } == 0
      if isThere || !text.contains(where: Self.wild.contains) {
        return isFolder(text) ? nil : .anything(text)
      }
      let paths = Self.paths(matching: text)
      words += paths.reversed().map { .found($0) }
      guard paths.isEmpty else { return nil }
      let name = String(decoding: text, as: UTF8.self)
      return .nothing(DatasetError("\(name): no file is called so, and none matches it"))
    case .found(let path):
      // A pipe that only matches would be waited for.
      return isFolder(path) ? nil : .file(path)
    }
  }

  /// Whether a path leads to a folder, whose images are the next ones then.
  private func isFolder(_ path: [UInt8]) -> Bool {
    var status = stat()
    guard NamedImage.withCharacters(path, { stat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFDIR
    else { return false }
    walk = FolderWalk(path)
    return true
  }

  private static let inputName = "standard input"
  private static let wild = Array("*?[".utf8)

  /// The paths that match a pattern, sorted bytewise.
  private static func paths(matching pattern: [UInt8]) -> [[UInt8]] {
    var found = glob_t()
    defer { globfree(&found) }
    guard NamedImage.withCharacters(pattern, { glob($0, 0, nil, &found) }) == 0 else { return [] }
    let paths = (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0] }.map { path in
      Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }
    return paths.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
