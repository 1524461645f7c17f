import ArgumentParser
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchONNX
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch

/// `funmatch export`: a model file for other programs.
struct Export: RegistryCommand {
  /// Formats of files.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case safetensors, npz, onnx
  }

  static let configuration = CommandConfiguration(
    abstract:
      "Write a model for timm (safetensors), big_vision (npz) or ONNX Runtime and its like (onnx).",
    discussion: """
      An ONNX graph takes `images`, float32 (batch, 3, side, side), and gives `logits`, float32 \
      (batch, classes). Its metadata tells the classes and what images go through first.
      """)

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Option(help: "safetensors with timm's names, npz with BiT's, or onnx.")
  var format: Format

  @Option(help: "The file to write.")
  var output: String

  @Option(
    help: """
      Number format of the weights; f32 for npz, f32 or f16 for onnx, which computes in f32 either \
      way.
      """)
  var precision: WeightPrecision = .f32

  @Flag(
    help: """
      For onnx: the graph takes RGB pixels from 0 to 255 and scales them itself. Without it, it \
      takes images in the network's own range and channel order.
      """)
  var includeNormalization = false

  @Option(help: "For onnx: height and width of the images; without it as the model file tells.")
  var resolution: Int?

  func validate() throws {
    if format == .npz, precision != .f32 {
      throw ValidationError("--precision \(precision) is not for npz, whose weights are f32")
    }
    if format == .onnx, precision == .bf16 {
      throw ValidationError("--precision bf16 is not for onnx: f32 or f16")
    }
    guard format == .onnx || (!includeNormalization && resolution == nil) else {
      throw ValidationError("--include-normalization and --resolution are for --format onnx")
    }
    guard (1...EvaluationPreprocessing.largestSide).contains(resolution ?? 1) else {
      throw ValidationError(
        "--resolution must be between 1 and \(EvaluationPreprocessing.largestSide)")
    }
  }

  func run(_ registry: Registry) throws {
    let file = try ModelFile(path: model, registry: registry)
    switch format {
    case .safetensors: try file.write(to: output, as: precision.dtype)
    case .npz: try WeightExport.writeOfficial(file.model, to: output)
    case .onnx:
      let side = try resolution ?? file.knownPreprocessing(model).crop
      try ONNXModel(
        file, side: side, images: includeNormalization ? .pixels : .scaled,
        kernels: precision.dtype
      ).write(to: output)
    }
    print("\(output): \(NumberText.grouped(file.model.store.valueCount)) parameters")
  }
}
