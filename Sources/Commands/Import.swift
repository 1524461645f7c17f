import ArgumentParser
import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

/// `funmatch import`: published weights become a model file.
struct Import: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a model file of weights from elsewhere.",
    discussion: """
      Reads BiT's .npz, and timm's, torchvision's and others' .safetensors and PyTorch files (.pth, .pt, \
      of which nothing is run). Which network they are of is found out by their names and shapes.
      """)

  @Argument(help: "The weights: .npz, .safetensors, .pth or .pt.")
  var weights: String

  @Option(
    help:
      "The network: a name such as bit-r50x1, or a spec in YAML. Found out where it is not given.")
  var model: String?

  @Option(help: "The model file to write, .safetensors.")
  var output: String

  @Option(help: "Input size in pixels, remembered in the file for evaluation.")
  var resolution: Int?

  @Option(help: "Length of the short side after resizing, in pixels, before the input is cut out.")
  var resize: Int?

  @Option(help: "Names of the classes, a text file of one a line in the order of the logits.")
  var classNames: String?

  @Option(help: "How images are resized for evaluation: area, bilinear or bicubic (Pillow's).")
  var interpolation: Interpolation?

  @Option(
    help: """
      What pixels are scaled to, in YAML, such as '{mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, \
      0.225]}'; range (1 or 255) and colorOrder (rgb or bgr) may follow. Usual ones without it.
      """)
  var input: String?

  func validate() throws {
    guard (1...EvaluationPreprocessing.largestSide).contains(resolution ?? 1) else {
      throw ValidationError(
        "--resolution must be between 1 and \(EvaluationPreprocessing.largestSide)")
    }
  }

  func run(_ registry: Registry) throws {
    let imported = try WeightImport(
      path: weights, spec: model.map { try ModelSpec(registry, argument: $0) },
      input: input.map { try RecipeFile.value($0, "--input \($0)") }, registry: registry)
    let spec = imported.file.spec
    if let resolution, let only = spec.network.fixedResolution, only != resolution {
      throw RecipeError("--resolution: the network looks at \(only) pixels only")
    }
    let names = try classNames.map { try Self.names($0, spec.classes ?? 0) }
    let file = ModelFile(
      model: imported.file.model, spec: spec, classNames: names ?? imported.file.classNames,
      preprocessing: try preprocessing(imported.file))
    try file.write(to: output)
    print(
      "\(output): \(try JSONText.line(spec)), "
        + "\(NumberText.grouped(file.model.store.valueCount)) parameters, "
        + "\(file.model.classes) classes, from \(imported.layout) names")
    print("images: \(try images(file))")
  }

  /// What the network will be shown, in words: names of arrays cannot tell, so it should be looked at.
  private func images(_ file: ModelFile) throws -> String {
    let size = file.preprocessing.map {
      "short side \($0.resize), central \($0.crop) x \($0.crop), \($0.interpolation.rawValue)"
    }
    return "\(size ?? "of no known size (--resolution)"), scaled by "
      + "\(try JSONText.line(file.model.input)) (--input changes it)"
  }

  /// What the file says, or what is usual, changed as the options want it.
  private func preprocessing(_ file: ModelFile) throws -> EvaluationPreprocessing? {
    let usual = file.preprocessing ?? file.spec.network.usualPreprocessing
    var result = usual
    if let resolution, resolution != usual?.crop {
      // As much of the image as at the usual size.
      let resize =
        usual.map { Int((Double(resolution * $0.resize) / Double($0.crop)).rounded()) }
        ?? EvaluationPreprocessing.usualResize(resolution)
      result = EvaluationPreprocessing(
        resize: resize, crop: resolution, interpolation: usual?.interpolation ?? .area)
    }
    guard result != nil || (interpolation == nil && resize == nil) else {
      throw RecipeError(
        "--interpolation and --resize need --resolution, as the file tells no size")
    }
    if let interpolation { result?.interpolation = interpolation }
    if let resize {
      guard let crop = result?.crop,
        (crop...2 * EvaluationPreprocessing.largestSide).contains(resize)
      else { throw RecipeError("--resize: \(resize) must be at least the input size") }
      result?.resize = resize
    }
    return result
  }

  private static func names(_ path: String, _ count: Int) throws -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw RecipeError("\(path): cannot be read as text")
    }
    // Line ends of every system; what Windows puts before a text is no part of it.
    var names = text.trimmingPrefix("\u{FEFF}").split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).map { $0.trimmingCharacters(in: .whitespaces) }
    while names.last == "" { names.removeLast() }
    guard names.count == count, !names.contains("") else {
      throw RecipeError("\(path): has \(names.count) lines, the network \(count) classes")
    }
    return names
  }
}
