import ArgumentParser
import Foundation
import FunMatchDatasets
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
      Reads BiT's .npz, and timm's, torchvision's and others' .safetensors and PyTorch files (.pth, .pt, .bin, \
      of which nothing is run), shards with their .index.json, and folders of Hugging Face with timm's config.json; \
      hf:OWNER/NAME is fetched from there unless it is here. \
      Which network they are of is found out by their names and shapes.
      """)

  /// What becomes of the head in the file.
  enum Head: String, ExpressibleByArgument, CaseIterable {
    case keep, drop
  }

  @Argument(
    help:
      "The weights: .npz, .safetensors, .pth, .pt, .bin, .index.json, a folder, or hf:OWNER/NAME[@REVISION]."
  )
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

  @Option(help: "The key that a PyTorch file has them under, such as ema or model.state_dict.")
  var key: String?

  @Option(help: "What stands before the names of the arrays that are meant, such as student.")
  var prefix: String?

  @Option(help: "drop: a new, untrained head for --classes takes the place of the file's.")
  var head = Head.keep

  @Option(help: "Number of classes of the new head; left out: as many as --class-names names.")
  var classes: Int?

  @Option(
    help: """
      Names of the classes: a text file of one a line in the order of the logits, or a JSON list or map from or \
      to their indices.
      """)
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
    guard head == .drop || classes == nil else {
      throw ValidationError("--classes is for --head drop: otherwise the weights tell")
    }
    guard head == .keep || classes != nil || classNames != nil else {
      throw ValidationError("--head drop needs --classes, or --class-names")
    }
    guard (1...1_000_000).contains(classes ?? 1) else {
      throw ValidationError("--classes must be between 1 and 1,000,000")
    }
  }

  func run(_ registry: Registry) throws {
    var options = WeightOptions(key: key, prefix: prefix)
    options.input = try input.map { try RecipeFile.value($0, "--input \($0)") }
    options.ignoresPreprocessing = resolution != nil && resize != nil && interpolation != nil
    let named = try classNames.map { try ClassNameList.read($0, count: classes) }
    if head == .drop { options.newHead = classes ?? named?.count }
    let imported = try WeightImport(
      path: path(), spec: model.map { try ModelSpec(registry, argument: $0) }, options: options,
      registry: registry)
    let spec = imported.file.spec
    if let resolution, let only = spec.network.fixedResolution, only != resolution {
      throw RecipeError("--resolution: the network looks at \(only) pixels only")
    }
    if let named, let classNames, named.count != spec.classes {
      throw RecipeError(
        "\(classNames): has \(named.count) names, the network \(spec.classes ?? 0) classes")
    }
    let file = ModelFile(
      model: imported.file.model, spec: spec, classNames: named ?? imported.file.classNames,
      preprocessing: try preprocessing(imported.file),
      hasUntrainedHead: imported.file.hasUntrainedHead)
    try file.write(to: output)
    print(
      "\(output): \(try JSONText.line(spec)), "
        + "\(NumberText.grouped(file.model.store.valueCount)) parameters, "
        + "\(file.model.classes) classes, from \(imported.layout) names"
        + (imported.places.isEmpty ? "" : " (\(imported.places.joined(separator: ", ")))"))
    if file.hasUntrainedHead {
      print("head: new and untrained; a student can start from it, and nothing learn from it")
    }
    print("images: \(try images(file))")
  }

  /// The file or folder, fetched from Hugging Face where that is meant.
  private func path() throws -> String {
    guard HubReference.isMeant(by: weights) else { return weights }
    let models = HubModels(folder: PublishedWeights.folder) { line in
      Terminal().say(line)
    }
    return try models.find(HubReference(weights))
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
    var result = resolution.map { usual?.scaled(to: $0) ?? .usual($0) } ?? usual
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
}
