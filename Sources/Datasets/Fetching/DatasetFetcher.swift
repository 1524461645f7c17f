import Foundation
import FunMatchFiles

/// Brings the files of a published data set into a folder: whole, verified and unpacked.
///
/// A file gets its final name only after its size and its SHA-256 agreed with the published ones.
/// What is there already is not fetched again, and a transfer that broke goes on where it stopped.
public struct DatasetFetcher {
  /// Where the files go.
  let folder: String
  /// The base address that replaces everything before a file's name.
  let mirror: String?
  /// What the servers of the files are shown, as a bearer's, and no other that they lead to.
  let token: String?
  /// Seconds after which a server that sends nothing is given up.
  let patience: Int
  /// Takes lines about the progress.
  let report: (String) -> Void

  /// Fetches into `folder`, which need not exist.
  ///
  /// - Parameters:
  ///   - mirror: an address (`http`, `https` or `file`) to use in place of everything before a
  ///     file's name; `nil` for the official addresses.
  ///   - token: what the servers of the files are shown, as a bearer's, of letters, digits, `_` and `-`.
  ///   - patience: seconds after which a server that sends nothing is given up.
  ///   - report: takes lines about the progress.
  public init(
    folder: String, mirror: String? = nil, token: String? = nil, patience: Int = 60,
    report: @escaping (String) -> Void = { _ in }
  ) {
    self.folder = folder
    self.mirror = mirror
    self.token = token
    self.patience = max(patience, 1)
    self.report = report
  }

  /// Fetches all files of a data set.
  ///
  /// - Throws: `DatasetError` when the data set has terms that the user must accept first, or a
  ///   file cannot be fetched; the files before it stay.
  public func fetch(_ source: DatasetSource) throws {
    if let terms = source.terms {
      let names = source.files.map(\.name).joined(separator: ", ")
      throw DatasetError(
        "the files cannot be fetched without you: \(terms)"
          + (names.isEmpty ? "" : ", and put \(names) into \(folder)"))
    }
    for file in source.files { try fetch(file) }
  }

  /// Fetches one file, and unpacks it if it is an archive.
  ///
  /// - Throws: `DatasetError` when it cannot be fetched, differs from the published one or does not
  ///   fit on the disk, or another process fetches it. A folder that was not there, and in which nothing is, is gone then.
  public func fetch(_ file: DatasetSource.File) throws {
    if let mirror, !mirror.contains("://") {
      throw DatasetError(
        "'\(mirror)' is no address to fetch from; expected one such as https://example.org/folder")
    }
    var made = MadeFolders()
    do {
      try made.make(folder)
    } catch {
      throw DatasetError("\(error); --data-dir and FUNMATCH_DATA name other folders")
    }
    do {
      try locking(file) { try fetchLocked(file) }
    } catch {
      made.removeEmpty()
      throw error
    }
  }

  private func fetchLocked(_ file: DatasetSource.File) throws {
    let target = path(of: file)
    if file.isArchive {
      if isUnpacked(file) { return report("\(file.name): already here") }
      if let entry = foreignEntry(of: file) {
        return report(
          "\(file.name): not fetched, as \(folder)/\(entry) is there already and was not fetched by "
            + "this; to fetch it anew, move that away")
      }
      // Somebody who has the archive from elsewhere need not fetch it.
      if isWhole(file) { return try unpack(file, at: target) }
    } else if isWhole(file) {
      return report("\(file.name): already here")
    }
    let part = target + ".part"
    try checkSpace(for: file, having: Self.size(of: part) ?? 0)
    try download(file, to: part)
    try verify(file, at: part)
    if file.isArchive {
      try unpack(file, at: part)
      unlink(part)
    } else {
      try move(part, to: target)
      try write(Receipt(of: file), for: file)
    }
  }

  func path(of file: DatasetSource.File) -> String { folder + "/" + file.name }

  /// The size of a file in bytes, or `nil` if there is none.
  static func size(of path: String) -> Int? {
    var information = stat()
    return stat(path, &information) == 0 ? Int(information.st_size) : nil
  }

  func move(_ path: String, to target: String) throws {
    guard rename(path, target) == 0 else {
      throw DatasetError("\(target): cannot be written (\(String(cString: strerror(errno))))")
    }
  }

  /// Whether the file is there under its final name and is the published one.
  private func isWhole(_ file: DatasetSource.File) -> Bool {
    let target = path(of: file)
    guard let size = Self.size(of: target), size == file.size ?? size else { return false }
    guard let sha256 = file.sha256 else {
      return Self.wrongBeginning(of: target, as: file.name) == nil
    }
    if receipt(for: file) == Receipt(of: file) { return true }
    report("\(file.name): checking")
    guard (try? Checksum.sha256(file: target)) == sha256 else { return false }
    // Without a receipt, in a folder that cannot be written, it is only checked again next time.
    if !file.isArchive { try? write(Receipt(of: file), for: file) }
    return true
  }

  /// Throws, and removes what was fetched, if it is not the published file.
  private func verify(_ file: DatasetSource.File, at part: String) throws {
    let size = Self.size(of: part) ?? 0
    func wrong(_ words: String) -> DatasetError {
      unlink(part)
      return DatasetError("\(file.name): \(WebAddress.printable(address(of: file))) gave \(words)")
    }
    if let expected = file.size, size != expected {
      throw wrong(
        Self.foreign(part)
          ?? (size < expected ? "\(size) bytes, expected \(expected)" : tooMuch(expected)))
    }
    guard let expected = file.sha256 else {
      guard let beginning = Self.wrongBeginning(of: part, as: file.name) else { return }
      throw wrong(Self.foreign(part) ?? "something else (it begins with \(beginning))")
    }
    report("\(file.name): checking")
    let found = try Checksum.sha256(file: part)
    if found != expected {
      throw wrong(Self.foreign(part) ?? "a file with SHA-256 \(found), expected \(expected)")
    }
  }

  /// What came in place of a file, if that can be told.
  private static func foreign(_ path: String) -> String? {
    ForeignContent(path: path).map { "what \($0.words)" }
  }

  /// The end of a sentence about a file that is larger than the published one.
  func tooMuch(_ expected: Int) -> String { "more than the expected \(expected) bytes" }

  private func checkSpace(for file: DatasetSource.File, having count: Int) throws {
    guard let size = file.size else { return }
    // Images are compressed already: unpacked they take about as much room as their archive.
    try checkSpace(max(0, size - count) + (file.isArchive ? size : 0), for: file.name)
  }

  /// Makes sure that the disk has room for so many bytes more.
  ///
  /// - Throws: `DatasetError` when it has not.
  func checkSpace(_ needed: Int, for name: String) throws {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
    guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else { return }
    if free < needed {
      throw DatasetError(
        "\(folder): \(name) needs \(Self.text(needed)) of free space, and there are "
          + Self.text(free))
    }
  }

  /// Bytes of a file that are not here yet, as far as its size is known.
  func missing(_ file: DatasetSource.File) -> Int {
    let here = Self.size(of: path(of: file)) ?? Self.size(of: path(of: file) + ".part") ?? 0
    return max(0, (file.size ?? 0) - here)
  }

  /// A number of bytes for people.
  static func text(_ count: Int) -> String {
    count < 1_000_000 ? "\(count) bytes" : "\(count / 1_000_000) MB"
  }
}
