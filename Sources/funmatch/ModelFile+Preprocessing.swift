import FunMatchExperiments
import FunMatchModels

extension ModelFile {
  /// How images are prepared for the network.
  ///
  /// - Throws: `ExperimentError` naming the file when its metadata does not tell.
  func knownPreprocessing(_ path: String) throws -> Preprocessing {
    guard let preprocessing else {
      throw ExperimentError(
        "\(path): its metadata does not tell the input size; "
          + "`funmatch import --resolution` sets it")
    }
    return preprocessing
  }
}
