import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

extension ModelFile {
  /// The network of a file, to classify images with.
  ///
  /// - Throws: `RecipeError` when its head is untrained, and what reading the file throws.
  static func classifier(_ path: String, _ registry: Registry) throws -> ModelFile {
    let file = try ModelFile(path: path, registry: registry)
    guard !file.hasUntrainedHead else {
      throw RecipeError(
        "\(path): has a head that is new and untrained; expected a network that can classify")
    }
    return file
  }

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
