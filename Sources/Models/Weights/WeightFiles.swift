import Foundation
import FunMatchFiles
import FunMatchTorch

/// The files that a path to weights stands for: one file, the index of shards with these, or a folder as Hugging
/// Face has them, with a `config.json`.
package struct WeightFiles {
  /// The file of weights, or the index of shards.
  let weights: String
  /// What says which network they are of; `nil` where the path is not a folder's, or it has none.
  let config: String?

  /// What weights are called in a folder; the first that is there is read.
  private static let names = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ]

  /// - Throws: `FileError` when the folder holds no weights.
  package init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else {
      (weights, config) = (path, nil)
      return
    }
    func file(_ name: String) -> String? {
      let file = (path as NSString).appendingPathComponent(name)
      return FileManager.default.fileExists(atPath: file) ? file : nil
    }
    guard let found = Self.names.lazy.compactMap(file).first else {
      throw FileError(
        "\(path): is a folder without weights, expected one of \(Self.names.joined(separator: ", "))"
      )
    }
    (weights, config) = (found, file("config.json"))
  }

  /// SHA-256 of the file, or of the checksums of all files where there are several.
  ///
  /// - Throws: `FileError` when one cannot be read.
  package func checksum() throws -> String {
    var files = [config].compactMap(\.self)
    if try WeightFormat(of: weights) == .shards {
      files += [weights] + (try WeightShards(weights).shards)
    } else if files.isEmpty {
      return try Checksum.sha256(file: weights)
    } else {
      files.append(weights)
    }
    return Checksum.sha256(
      of: try files.map { try Checksum.sha256(file: $0) }.joined(separator: "\n"))
  }
}
