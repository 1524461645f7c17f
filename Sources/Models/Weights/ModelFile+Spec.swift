import FunMatchImages
import FunMatchSettings
import FunMatchTorch

extension ModelFile {
  /// What a file of this tool says of itself: the network, and how images are prepared for it where that is known. No weights
  /// are read.
  ///
  /// - Returns: `nil` for a file of others.
  /// - Throws: `FileError` when the file cannot be read or is damaged.
  package static func card(
    in path: String, registry: Registry
  ) throws -> (spec: ModelSpec, preprocessing: EvaluationPreprocessing?)? {
    guard try WeightFormat(of: path) == .safetensors else { return nil }
    let file = try SafetensorsFile(path)
    guard let card = try Card(file, registry) else { return nil }
    try card.checkSize(of: file)
    return (card.spec, card.preprocessing)
  }
}
