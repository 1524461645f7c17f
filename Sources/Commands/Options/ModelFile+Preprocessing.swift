import FunMatchImages
import FunMatchModels
import FunMatchRecipes

extension ModelFile {
  /// How images are prepared for the network.
  ///
  /// - Throws: `RecipeError` naming the file when its metadata does not tell.
  func knownPreprocessing(_ path: String) throws -> EvaluationPreprocessing {
    guard let preprocessing else {
      throw RecipeError(
        "\(path): its metadata does not tell the input size; "
          + "`funmatch import --resolution` sets it")
    }
    if let only = spec.network.fixedResolution, only != preprocessing.crop {
      throw RecipeError(
        "\(path): its metadata tell of \(preprocessing.crop) pixels, and the network looks at \(only) only"
      )
    }
    return preprocessing
  }
}
