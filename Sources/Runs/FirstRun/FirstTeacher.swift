import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

/// What a teacher's file tells a first recipe.
struct FirstTeacher {
  /// Wherever the recipe will lie.
  let path: String
  let classes: Int
  /// Input size in pixels.
  let resolution: Int
  /// What pixels are scaled to.
  let input: InputScaling
  /// Short side before the central crop of an evaluation, where it is not the usual one.
  let resize: Int?

  /// Programs, and graphs, which say nothing of their input.
  private static let programs = ["pt", "ts", "pt2", "onnx"]

  /// - Throws: `RecipeError` or `FileError` naming the file when it is no network that can teach.
  init(_ path: String, _ registry: Registry) throws {
    let url = URL(fileURLWithPath: HomeFolder.expanded(path))
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw RecipeError(
        "\(path): does not exist; expected --teacher to name a model file of this tool")
    }
    if Self.programs.contains(url.pathExtension.lowercased()) {
      throw RecipeError(
        "\(path): is a program or a graph, which does not tell its input and classes; expected a recipe that says them under "
          + "'teachers', as in teachers: [{torchscript: {path: …, input: …, classes: …}}]")
    }
    let file = try ModelFile(path: url.path, registry: registry)
    guard !file.hasUntrainedHead else {
      throw RecipeError(
        "\(path): has a head that is new and untrained; expected a network that can classify")
    }
    guard let preprocessing = file.preprocessing else {
      throw RecipeError(
        "\(path): its metadata does not tell the input size; `funmatch import --resolution` sets it"
      )
    }
    self.path = url.standardizedFileURL.path
    (classes, resolution, input) = (file.model.classes, preprocessing.crop, file.model.input)
    let usual = EvaluationPreprocessing.usualResize(preprocessing.crop)
    resize = preprocessing.resize == usual ? nil : preprocessing.resize
  }
}
