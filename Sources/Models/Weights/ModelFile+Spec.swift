import FunMatchSettings
import FunMatchTorch

extension ModelFile {
  /// The network that a file of this tool says it holds, of which no weights are read; `nil` for a file of others.
  ///
  /// - Throws: `FileError` when the file cannot be read or is damaged.
  package static func spec(in path: String, registry: Registry) throws -> ModelSpec? {
    guard try WeightFormat(of: path) == .safetensors else { return nil }
    return try Card(SafetensorsFile(path), registry)?.spec
  }
}
