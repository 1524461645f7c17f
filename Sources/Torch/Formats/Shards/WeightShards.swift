import Foundation
import FunMatchFiles

/// Weights in several files, and the index that tells which tensor is in which:
/// `model.safetensors.index.json` or `pytorch_model.bin.index.json` beside its shards.
///
/// Format: Hugging Face's `weight_map`, an object of file names by tensors' names.
public struct WeightShards {
  /// Where the index is.
  public let path: String
  /// Where the shards are, sorted.
  public let shards: [String]

  // The limit of a safetensors header, which says more about each tensor.
  private static let maximumIndex = 100_000_000

  private struct Index: Decodable {
    let weight_map: [String: String]
  }

  /// Reads an index and compares it with what its shards say that they hold.
  ///
  /// - Throws: `FileError` naming the index, and the shard or tensor that is missing, in two shards, in another
  ///   shard or listed nowhere; or a shard that is not in the index's folder.
  public init(_ path: String) throws {
    self.path = path
    let map = try Self.map(path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    for (tensor, shard) in map.sorted(by: { $0.key < $1.key }) {
      // Links may lead elsewhere, as those of Hugging Face's cache do; names may not.
      let parts = shard.split(separator: "/", omittingEmptySubsequences: false)
      guard !parts.contains(where: { ["", ".", ".."].contains($0) }), !shard.contains("\0") else {
        throw FileError(
          "'\(path)': tensor '\(tensor)' is said to be in '\(shard)', expected a file in the folder of the index"
        )
      }
    }
    let names = Set(map.values).sorted()
    for name in names where !FileManager.default.fileExists(atPath: folder + "/" + name) {
      throw FileError("'\(path)': the shard '\(name)' is missing beside it")
    }
    var places: [String: String] = [:]
    for shard in names {
      for tensor in try Self.open(folder + "/" + shard).names {
        if let other = places.updateValue(shard, forKey: tensor) {
          throw FileError(
            "'\(path)': tensor '\(tensor)' is in two shards, '\(other)' and '\(shard)'")
        }
        guard map[tensor] != nil else {
          throw FileError("'\(path)': does not list tensor '\(tensor)', which is in '\(shard)'")
        }
      }
    }
    for (tensor, shard) in map.sorted(by: { $0.key < $1.key }) where places[tensor] != shard {
      throw FileError(
        "'\(path)': tensor '\(tensor)' is not in '\(shard)' as listed, but in "
          + (places[tensor].map { "'\($0)'" } ?? "no shard"))
    }
    shards = names.map { folder + "/" + $0 }
  }

  /// Every tensor, shard by shard.
  public func readAll() throws -> [(name: String, tensor: Tensor)] {
    try shards.flatMap { try Self.open($0).readAll() }
  }

  private static func map(_ path: String) throws -> [String: String] {
    let file = try InputFile(path)
    guard file.size <= maximumIndex else {
      throw FileError("'\(path)': \(file.size) bytes are too many for an index of shards")
    }
    let text = try file.read(at: 0, count: file.size)
    guard let index = try? JSONDecoder().decode(Index.self, from: Data(text)),
      !index.weight_map.isEmpty
    else {
      throw FileError(
        "'\(path)': is no index of shards, which has the files of tensors by name under 'weight_map'"
      )
    }
    if let twice = JSONText.repeatedKey(text) {
      throw FileError("'\(path)': names '\(twice)' twice")
    }
    return index.weight_map
  }

  private static func open(
    _ path: String
  ) throws -> (names: [String], readAll: () throws -> [(name: String, tensor: Tensor)]) {
    switch try WeightFormat(of: path) {
    case .safetensors:
      let file = try SafetensorsFile(path)
      return (file.names, file.readAll)
    case .pyTorch:
      let file = try PyTorchFile(path)
      return (file.names, file.readAll)
    case .npz, .shards:
      throw FileError("'\(path)': is a shard, expected a .safetensors or PyTorch file")
    }
  }
}
