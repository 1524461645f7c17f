import FunMatchFiles

/// The layout of `.pth` files before PyTorch 1.6, still written on demand: pickles of a magic
/// number, a version, the machine's sizes, the object and the storages' keys; then, for each key,
/// the number of elements (i64) and their bytes.
///
/// Source: torch/serialization.py, `_legacy_save`.
struct PyTorchLegacy: PyTorchStorages {
  let heap: PickleHeap
  let value: PickleValue
  private let file: InputFile
  private let offsets: [String: Int]

  // 0x1950a86a20f9469cfc6c, little-endian.
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  init(_ file: InputFile) throws {
    self.file = file
    let owner = "'\(file.path)'"
    let beginning = try file.read(at: 0, count: min(file.size, Unpickler.maximumSize))
    var unpickler = Unpickler(beginning, owner: owner)
    guard case .long(Self.magic) = try unpickler.load() else {
      throw FileError("\(owner) is a pickle, but not one that torch.save wrote")
    }
    guard case .int(1001) = try unpickler.load() else {
      throw FileError("\(owner) has another version than 1001, the only one there has been")
    }
    let system = try unpickler.load()
    if case .dictionary(let index) = system,
      case .bool(false)? = unpickler.heap.dictionaries[index]["little_endian"]
    {
      throw FileError("\(owner) was written with byte order 'big', expected 'little'")
    }
    value = try unpickler.load()
    let list = try unpickler.load()
    heap = unpickler.heap
    guard let keys = heap.items(list), keys.count == heap.storages.count else {
      throw FileError(
        "\(owner): expected a list of its \(heap.storages.count) storages after the object")
    }
    offsets = try Self.offsets(keys, heap, in: file, from: unpickler.position)
  }

  private static func offsets(
    _ keys: [PickleValue], _ heap: PickleHeap, in file: InputFile, from start: Int
  ) throws -> [String: Int] {
    var offsets: [String: Int] = [:]
    var position = start
    for key in keys {
      guard case .string(let key) = key, let index = heap.storageIndices[key], offsets[key] == nil
      else {
        throw FileError("'\(file.path)' lists a storage twice or one that no tensor lies in")
      }
      let storage = heap.storages[index]
      guard file.size - position >= 8, file.size - position - 8 >= storage.byteCount else {
        throw FileError(
          "'\(file.path)': a storage of \(storage.byteCount) bytes expected at byte \(position), "
            + "\(file.size - position) are left")
      }
      let count = try file.read(at: position, count: 8)
      guard PickleCursor.signed(count[...]) == storage.byteCount / (storage.dtype?.size ?? 1) else {
        throw FileError(
          "'\(file.path)': the storage at byte \(position) has another size than the pickle says")
      }
      offsets[key] = position + 8
      position += 8 + storage.byteCount
    }
    guard position == file.size else {
      throw FileError(
        "'\(file.path)': \(file.size - position) bytes follow the last storage, expected none")
    }
    return offsets
  }

  func read(_ storage: PickledStorage) throws -> [UInt8] {
    try file.read(at: offsets[storage.key] ?? 0, count: storage.byteCount)
  }
}
