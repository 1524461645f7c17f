import ArgumentParser
import FunMatchExperiments
import FunMatchModels

/// `funmatch import`: published weights become a model file.
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a model file of BiT's .npz or timm's .safetensors weights.")

  @Argument(help: "The weights, .npz or .safetensors.")
  var weights: String

  @Option(help: "The network: a name such as bit-r50x1, or a spec in YAML.")
  var model: String

  @Option(help: "The model file to write, .safetensors.")
  var output: String

  @Option(help: "Input size in pixels, remembered in the file for evaluation.")
  var resolution: Int?

  func validate() throws {
    guard (1...Preprocessing.largestSide).contains(resolution ?? 1) else {
      throw ValidationError("--resolution must be between 1 and \(Preprocessing.largestSide)")
    }
  }

  func run() throws {
    let spec = try ModelSpec(argument: model)
    let imported = try WeightImport(path: weights, spec: spec)
    let file = ModelFile(
      model: imported.file.model, spec: imported.file.spec, classNames: imported.file.classNames,
      preprocessing: resolution.map {
        Preprocessing(resize: Recipe.usualResize($0), crop: $0)
      } ?? imported.file.preprocessing)
    try file.write(to: output)
    print(
      "\(output): \(Comparison.grouped(file.model.store.valueCount)) parameters, "
        + "\(file.model.classes) classes, \(imported.layout) names")
  }
}
