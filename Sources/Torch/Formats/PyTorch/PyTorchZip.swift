import FunMatchFiles

/// The layout of `.pth` files since PyTorch 1.6: a zip archive with `NAME/data.pkl` and a file
/// `NAME/data/KEY` for each storage.
///
/// Source: torch/serialization.py, `_save`.
struct PyTorchZip: PyTorchStorages {
  let heap: PickleHeap
  let value: PickleValue
  private let archive: ZipArchive
  private let entries: [String: ZipArchive.Entry]

  init(_ path: String) throws {
    let owner = "'\(path)'"
    archive = try ZipArchive(path)
    let root = (archive.entries.first?.name).map { String($0.prefix { $0 != "/" }) + "/" } ?? ""
    var entries: [String: ZipArchive.Entry] = [:]
    for entry in archive.entries where entry.name.hasPrefix(root) {
      entries[String(entry.name.dropFirst(root.count))] = entry
    }
    self.entries = entries
    // A program has its constants in a pickle and its code in files.
    guard entries["constants.pkl"] == nil, !entries.keys.contains(where: { $0.hasPrefix("code/") })
    else {
      throw FileError(
        "\(owner) is a TorchScript program, expected a state dictionary; it can be used as a "
          + "teacher (`torchscript:`), or save its state_dict()")
    }
    guard !entries.keys.contains(where: { $0.hasPrefix("data/aotinductor/") }) else {
      throw FileError(
        "\(owner) is an AOTInductor package, expected a state dictionary; it can be used as a "
          + "teacher (`aotinductor:`)")
    }
    guard let pickle = entries["data.pkl"] else {
      throw FileError(
        "\(owner) is a zip archive without \(root)data.pkl, expected what torch.save writes")
    }
    if let order = entries["byteorder"] {
      let text = String(decoding: try Self.read(order, of: archive, limit: 16), as: UTF8.self)
      guard text == "little" else {
        throw FileError("\(owner) was written with byte order '\(text)', expected 'little'")
      }
    }
    let bytes = try Self.read(pickle, of: archive, limit: Unpickler.maximumSize)
    var unpickler = Unpickler(bytes, owner: owner)
    value = try unpickler.load()
    guard unpickler.position == bytes.count else {
      throw FileError(
        "\(owner): \(bytes.count - unpickler.position) bytes follow the pickle in data.pkl")
    }
    heap = unpickler.heap
    for storage in heap.storages {
      guard let entry = entries["data/" + storage.key], entry.size == storage.byteCount else {
        throw FileError(
          "\(owner): expected \(storage.byteCount) bytes in the archive's file "
            + "\(root)data/\(PickleGlobal.quoted(storage.key)), found "
            + (entries["data/" + storage.key].map { "\($0.size)" } ?? "no such file"))
      }
    }
  }

  func read(_ storage: PickledStorage) throws -> [UInt8] {
    guard let entry = entries["data/" + storage.key] else { return [] }
    return try Self.read(entry, of: archive, limit: storage.byteCount)
  }

  private static func read(
    _ entry: ZipArchive.Entry, of archive: ZipArchive, limit: Int
  ) throws -> [UInt8] {
    guard entry.size <= limit else {
      throw FileError(
        "'\(archive.path)', entry '\(entry.name)': \(entry.size) bytes, expected at most \(limit)")
    }
    return try archive.read(entry) { try $0(entry.size) }
  }
}
