import Foundation
import FunMatchFiles

/// Which files of a model on the Hub hold its weights.
enum HubFiles {
  /// What tells which network it is.
  static let config = "config.json"
  /// What weights are called; of several the first is taken.
  static let weights = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ]

  private struct Index: Decodable {
    let weight_map: [String: String]
  }

  /// Bytes that no index and no list of files takes.
  static let textLimit = 100_000_000

  /// Whether weights under this name are an index of shards.
  static func isIndex(_ name: String) -> Bool { name.hasSuffix(".index.json") }

  /// The files that an index names.
  ///
  /// - Throws: `DatasetError` when it is none, or names files elsewhere.
  static func shards(of path: String) throws -> [String] {
    let text = try InputFile(path)
    guard text.size <= textLimit,
      let index = try? JSONDecoder().decode(
        Index.self, from: Data(text.read(at: 0, count: text.size))),
      !index.weight_map.isEmpty
    else { throw DatasetError("\(path): is no index of shards, which has a weight_map") }
    let names = Set(index.weight_map.values).sorted()
    if let wrong = names.first(where: { !HubReference.isName($0) }) {
      throw DatasetError(
        "\(path): names the shard '\(wrong.prefix(100))', expected the plain name of a file beside it"
      )
    }
    return names
  }

  /// Whether a folder holds weights with all their shards.
  static func areWhole(in folder: String) -> Bool {
    guard let name = weights.first(where: { Folder.exists(folder + "/" + $0) }) else {
      return false
    }
    guard isIndex(name) else { return true }
    guard let shards = try? shards(of: folder + "/" + name) else { return false }
    return shards.allSatisfy { Folder.exists(folder + "/" + $0) }
  }
}
