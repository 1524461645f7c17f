import FunMatchFiles

/// A state dictionary that `torch.save` wrote (`.pth`, `.pt`), open for reading. Nothing in the file
/// is ever run.
///
/// Both layouts are read, zip and legacy, little-endian. A pickle in the file may hold dense tensors
/// and parameters of the types of `DType`, containers, numbers and strings; whatever else it asks
/// for, a class or a function, is refused by its name, also where it would not be used.
///
/// Where the tensors are: in the dictionary under the first of the keys `state_dict_ema`, `model_ema`,
/// `state_dict`, `model_state_dict`, `model`, `net`, `network`, `params`, `weights` that is one with
/// tensors in it, otherwise in the file's dictionary itself, or, where that has none but scalars, in the
/// only dictionary in it that has tensors. What else is there is passed over. Names are the dictionary's.
///
/// Memory: a tensor must lie in its storage and the storage in the file, so tensors take more than
/// the file holds only where they overlap: expanded ones (stride 0) and two names for one storage.
/// All of them together may take 16 times the bytes of the storages they lie in plus 1 MiB, and
/// 64 GiB. A pickle may be 64 MiB long and have 2^21 instructions; one made to take memory gets
/// about 100 bytes for each of its own and 300 MB at most.
///
/// Format: torch/serialization.py and torch/_utils.py of PyTorch 2.13.
public final class PyTorchFile {
  /// Where the file is.
  public let path: String
  /// The key that the tensors are under, with dots between nested ones; `nil`: in the file's own dictionary.
  public let key: String?
  /// Names of the tensors in the order of the dictionary.
  public let names: [String]

  private let storages: any PyTorchStorages
  private let declared: [PickledStorage]
  private let tensors: [String: PickledTensor]

  private static let maximumRepetition = 16
  private static let freeBytes = 1 << 20
  private static let maximumBytes = 64 << 30

  /// Opens a file and checks everything that its pickle says against its size.
  ///
  /// - Parameter key: the key that the tensors are under, such as `ema` or `model.state_dict`; without it,
  ///   they are looked for.
  /// - Throws: `FileError` that names the file and what is wrong with it or was refused.
  public init(_ path: String, key: String? = nil) throws {
    self.path = path
    let owner = "'\(path)'"
    let file = try InputFile(path)
    let beginning = try file.read(at: 0, count: min(file.size, 512))
    let heap: PickleHeap
    let value: PickleValue
    if beginning.starts(with: [0x50, 0x4b]) {
      let zip = try PyTorchZip(path)
      (heap, value, storages) = (zip.heap, zip.value, zip)
    } else if beginning.first == PickleOpcode.proto.rawValue {
      let legacy = try PyTorchLegacy(file)
      (heap, value, storages) = (legacy.heap, legacy.value, legacy)
    } else if beginning.dropFirst(257).starts(with: Array("ustar".utf8)) {
      throw FileError(
        "\(owner) is a tar archive, which only torch's first versions wrote, expected a zip archive or "
          + "a pickle; load it with torch and save it again")
    } else {
      try ForeignContent.refuse(file)
      throw FileError("\(owner) is neither a zip archive nor a pickle, expected a .pth file")
    }
    declared = heap.storages
    let dictionary = try StateDictionary(of: value, in: heap, key: key, owner: owner)
    let found = dictionary.tensors
    self.key = dictionary.key
    names = found.map(\.name)
    tensors = Dictionary(uniqueKeysWithValues: found.map { ($0.name, heap.tensors[$0.index]) })
    try Self.requireModest(found.map { heap.tensors[$0.index] }, in: heap, owner: owner)
  }

  /// Sizes of a tensor's dimensions.
  public func shape(of name: String) throws -> [Int] { try tensor(name).shape }

  /// A tensor's element type.
  public func dtype(of name: String) throws -> DType { try tensor(name).dtype }

  /// One tensor, for which its whole storage is read.
  ///
  /// - Throws: `FileError` when there is none of this name or the file cannot be read.
  public func read(_ name: String) throws -> Tensor {
    let tensor = try tensor(name)
    return try tensor.tensor(
      in: try storages.read(declared[tensor.storage]), owner: "'\(path)': tensor '\(name)'")
  }

  /// Every tensor, in the order of `names`; each storage is read once.
  public func readAll() throws -> [(name: String, tensor: Tensor)] {
    var results: [String: Tensor] = [:]
    let together = Dictionary(grouping: names) { tensors[$0]?.storage ?? 0 }
    for (index, names) in together.sorted(by: { $0.key < $1.key }) {
      let bytes = try storages.read(declared[index])
      for name in names {
        results[name] = try tensor(name).tensor(in: bytes, owner: "'\(path)': tensor '\(name)'")
      }
    }
    return names.compactMap { name in results[name].map { (name, $0) } }
  }

  private func tensor(_ name: String) throws -> PickledTensor {
    guard let tensor = tensors[name] else {
      throw FileError("'\(path)' has no tensor '\(name)'; it holds \(names.count): \(list(names))")
    }
    return tensor
  }

  private static func requireModest(
    _ tensors: [PickledTensor], in heap: PickleHeap, owner: String
  ) throws {
    // What lies in the file cannot overflow here.
    let stored = Set(tensors.map(\.storage)).reduce(0) { $0 + heap.storages[$1].byteCount }
    let limit = min(maximumRepetition * stored + freeBytes, maximumBytes)
    var total = 0
    for tensor in tensors {
      let (sum, overflow) = total.addingReportingOverflow(tensor.byteCount)
      guard !overflow, sum <= limit else {
        throw FileError(
          "\(owner): its tensors would take more than \(limit) bytes, "
            + "but the storages that they lie in have \(stored); save their clone()")
      }
      total = sum
    }
  }
}
