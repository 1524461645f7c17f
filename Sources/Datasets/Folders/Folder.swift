import Foundation

/// Lists folders. Symbolic links are followed; hidden files are left out.
enum Folder {
  struct Entry {
    /// The name; a folder's ends in a slash, so that sorted names of all levels, one behind the
    /// other, are sorted paths.
    let name: [UInt8]
    let isFolder: Bool

    var text: String {
      String(decoding: isFolder ? name.dropLast() : name[...], as: UTF8.self)
    }
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// What is in a folder, sorted bytewise.
  ///
  /// - Throws: `DatasetError` when it cannot be read.
  static func entries(_ path: String) throws -> [Entry] {
    try open(Array(path.utf8)) { stream, _ in try read(stream, path) }
  }

  /// All files under a folder, by their paths from there, sorted bytewise.
  ///
  /// - Throws: `DatasetError` when a folder cannot be read, a link leads back to where it lies, or links lead to one
  ///   folder in more ways than anybody means.
  static func files(under root: [UInt8]) throws -> FileList {
    var walk = Walk()
    try walk.add(root, [], [])
    return walk.files
  }

  /// Files of folders that are collected.
  private struct Walk {
    var files = FileList()
    private var visits: [Identity: Int] = [:]

    /// Ways to one folder. Links that double the ways at each of many levels would never end.
    private static let mostVisits = 64

    mutating func add(_ path: [UInt8], _ prefix: [UInt8], _ ancestors: [Identity]) throws {
      let name = String(decoding: path, as: UTF8.self)
      let (identity, entries) = try Folder.listing(path)
      if ancestors.contains(identity) {
        throw DatasetError("\(name): is a symbolic link to a folder that it lies in")
      }
      visits[identity, default: 0] += 1
      guard visits[identity, default: 0] <= Self.mostVisits else {
        throw DatasetError(
          "\(name): symbolic links lead to this folder in more than \(Self.mostVisits) ways; expected one "
            + "for each time that its images shall count")
      }
      for entry in entries {
        if entry.isFolder {
          try add(
            path + [slash] + entry.name.dropLast(), prefix + entry.name, ancestors + [identity])
        } else {
          files.append(prefix, entry.name)
        }
      }
    }
  }

  /// What is in a folder, sorted bytewise, and which one it is.
  ///
  /// - Throws: `DatasetError` when it cannot be read.
  static func listing(_ path: [UInt8]) throws -> (identity: Identity, entries: [Entry]) {
    try open(path) { ($1, try read($0, String(decoding: path, as: UTF8.self))) }
  }

  /// What a folder is, by whatever path it is reached.
  struct Identity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  private static func open<Result>(
    _ path: [UInt8], _ body: (OpaquePointer, Identity) throws -> Result
  ) throws -> Result {
    let name = path.map { CChar(bitPattern: $0) } + [0]
    guard let stream = opendir(name) else {
      let reason = String(cString: strerror(errno))
      throw DatasetError(
        "\(String(decoding: path, as: UTF8.self)): cannot be listed as a folder (\(reason))")
    }
    defer { closedir(stream) }
    var status = stat()
    fstat(dirfd(stream), &status)
    return try body(
      stream,
      Identity(
        device: UInt64(truncatingIfNeeded: status.st_dev),
        number: UInt64(truncatingIfNeeded: status.st_ino)))
  }

  private static func read(_ stream: OpaquePointer, _ path: String) throws -> [Entry] {
    var entries: [Entry] = []
    while true {
      errno = 0
      guard let next = readdir(stream) else {
        guard errno == 0 else {
          throw DatasetError(
            "\(path): cannot be listed to its end (\(String(cString: strerror(errno))))")
        }
        break
      }
      withUnsafePointer(to: &next.pointee.d_name) { tuple in
        let name = UnsafeRawPointer(tuple).assumingMemoryBound(to: CChar.self)
        guard UInt8(bitPattern: name[0]) != dot else { return }
        let isFolder = isFolder(Int(next.pointee.d_type), name, in: stream)
        let characters = UnsafeRawBufferPointer(start: name, count: strlen(name))
        entries.append(
          Entry(name: Array(characters) + (isFolder ? [slash] : []), isFolder: isFolder))
      }
    }
    return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  private static func isFolder(
    _ type: Int, _ name: UnsafePointer<CChar>, in stream: OpaquePointer
  ) -> Bool {
    // A link's target has to be asked for; so has everything on a file system that tells no types.
    guard type == Int(DT_LNK) || type == Int(DT_UNKNOWN) else { return type == Int(DT_DIR) }
    var status = stat()
    return fstatat(dirfd(stream), name, &status, 0) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")
}
