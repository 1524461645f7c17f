import Foundation

extension DatasetFetcher {
  /// Whether everything that the archive held is there.
  func isUnpacked(_ file: DatasetSource.File) -> Bool {
    guard let receipt = receipt(for: file), receipt.identity == Receipt(of: file).identity else {
      return false
    }
    return !receipt.entries.isEmpty
      && receipt.entries.allSatisfy {
        FileManager.default.fileExists(atPath: folder + "/" + $0)
      }
  }

  /// Something that the archive is known to hold, and that is there without having been unpacked
  /// from it by this.
  func foreignEntry(of file: DatasetSource.File) -> String? {
    let own = receipt(for: file)?.entries ?? []
    return file.entries.first { !own.contains($0) && Folder.exists(folder + "/" + $0) }
  }

  /// Unpacks an archive into the folder.
  func unpack(_ file: DatasetSource.File, at archive: String) throws {
    report("\(file.name): unpacking")
    let scratch = path(of: file) + ".unpacking"
    let files = FileManager.default
    try? files.removeItem(atPath: scratch)
    defer { try? files.removeItem(atPath: scratch) }
    guard mkdir(scratch, 0o777) == 0 else {
      throw DatasetError("\(scratch): cannot be made (\(String(cString: strerror(errno))))")
    }
    // tar itself keeps inside the folder: it drops leading slashes and refuses `..`.
    let (status, output) = try Program.run(
      ["tar", "--no-same-owner", "--no-same-permissions", "-x", "-f", archive, "-C", scratch],
      keeping: .errors)
    if status == Program.notFound {
      throw DatasetError(
        "unpacking needs the program tar; on Debian and Ubuntu, `apt-get install tar` brings it")
    }
    guard status == 0 else {
      // Nothing tells whether an archive without a published sum is whole, except that it unpacks.
      if file.sha256 == nil, archive != path(of: file) { unlink(archive) }
      let reason = output.split(separator: "\n").first.map(String.init) ?? "exit code \(status)"
      throw DatasetError("\(file.name): cannot be unpacked (\(reason))")
    }
    try takeOver(from: scratch, file)
  }

  private func takeOver(from scratch: String, _ file: DatasetSource.File) throws {
    let files = FileManager.default
    let entries = ((try? files.contentsOfDirectory(atPath: scratch)) ?? []).sorted()
    guard !entries.isEmpty else { throw DatasetError("\(file.name): is an empty archive") }
    // Later files of the data set could be written through it to elsewhere.
    let link = entries.first {
      (try? files.destinationOfSymbolicLink(atPath: scratch + "/" + $0)) != nil
    }
    if let link { throw DatasetError("\(file.name): holds \(link) as a link, which is refused") }
    let own = receipt(for: file)?.entries ?? []
    for entry in entries where !own.contains(entry) {
      if files.fileExists(atPath: folder + "/" + entry) {
        throw DatasetError(
          "\(folder)/\(entry) is in the way of what \(file.name) holds; move it elsewhere")
      }
    }
    // Noted before they are moved: if this is interrupted, the next run knows which are its own,
    // and that some are missing.
    try write(Receipt(of: file, entries: entries), for: file)
    for entry in entries {
      let target = folder + "/" + entry
      try? files.removeItem(atPath: target)
      try move(scratch + "/" + entry, to: target)
    }
  }
}
