/// The images under a folder one after another, sorted bytewise by their paths. Symbolic links are followed; every folder is
/// looked at once, by the first path that leads there, so that trees which lead back into themselves have an end. Hidden
/// files are left out.
struct FolderWalk {
  private let root: [UInt8]
  private var hasBegun = false
  private var seen: Set<Folder.Identity> = []
  /// The folders on the way to where the walk is, with what is left of each.
  private var levels: [(path: [UInt8], rest: ArraySlice<Folder.Entry>)] = []
  private var found = false

  /// A walk that begins at a folder.
  init(_ root: [UInt8]) {
    var root = root[...]
    while root.count > 1, root.last == Self.slash { root.removeLast() }
    self.root = Array(root)
  }

  /// The next image, or folder that cannot be listed; `nil` at the end. Without any image that is said last.
  mutating func next() -> NamedImage? {
    if !hasBegun {
      hasBegun = true
      if let failure = enter(root) { return failure }
    }
    while let folder = levels.last?.path {
      guard let entry = levels[levels.count - 1].rest.popFirst() else {
        levels.removeLast()
        continue
      }
      let name = entry.isFolder ? entry.name.dropLast() : entry.name[...]
      // The root of all folders ends in a slash.
      let path = folder + (folder.last == Self.slash ? [] : [Self.slash]) + name
      if entry.isFolder {
        if let failure = enter(path) { return failure }
      } else if ImageName.isAnyImage(entry.name) {
        found = true
        return .file(path)
      }
    }
    guard !found else { return nil }
    found = true
    return .nothing(DatasetError("\(String(decoding: root, as: UTF8.self)): holds no images"))
  }

  private static let slash = UInt8(ascii: "/")

  private mutating func enter(_ path: [UInt8]) -> NamedImage? {
    do {
      let (identity, entries) = try Folder.listing(path)
      if seen.insert(identity).inserted { levels.append((path, entries[...])) }
      return nil
    } catch {
      found = true
      return .nothing(error)
    }
  }
}
