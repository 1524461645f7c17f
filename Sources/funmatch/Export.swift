import ArgumentParser
import FunMatchExperiments
import FunMatchModels
import FunMatchTorch

/// `funmatch export`: a model file for other programs.
struct Export: ParsableCommand {
  /// Formats of weights.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case safetensors, npz
  }
  /// Number formats of a `.safetensors` file.
  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case f32, bf16, f16

    var dtype: DType {
      switch self {
      case .f32: .f32
      case .bf16: .bf16
      case .f16: .f16
      }
    }
  }

  static let configuration = CommandConfiguration(
    abstract: "Write a model's weights for timm (safetensors) or big_vision (npz).")

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Option(help: "safetensors with timm's names, or npz with BiT's.")
  var format: Format

  @Option(help: "The file to write.")
  var output: String

  @Option(help: "Number format of the weights, for safetensors.")
  var precision: Precision = .f32

  func validate() throws {
    if format == .npz, precision != .f32 {
      throw ValidationError("--precision is for safetensors; npz weights are f32")
    }
  }

  func run() throws {
    let file = try ModelFile(path: model)
    switch format {
    case .safetensors: try file.write(to: output, as: precision.dtype)
    case .npz: try WeightExport.writeOfficial(file.model, to: output)
    }
    print("\(output): \(Comparison.grouped(file.model.store.valueCount)) parameters")
  }
}
