import ArgumentParser
import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// `funmatch predict`: what a model says of images.
struct Predict: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify images, or compute the logits of a batch.",
    usage: """
      funmatch predict MODEL IMAGE... [--top K] [--json]
      funmatch predict MODEL --input BATCH.npy --output LOGITS.npy
      """)

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Argument(help: "JPEG or PNG images.")
  var images: [String] = []

  @Option(help: "How many classes to name for each image.")
  var top = 5

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @Option(help: "A batch: uint8 NHWC pixels, or float32 NHWC in the model's input range.")
  var input: String?

  @Option(help: "Where the logits go, float32 (N, classes).")
  var output: String?

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var inference: InferenceOptions

  @OptionGroup var sets: DataOptions

  func validate() throws {
    guard top > 0 else { throw ValidationError("--top must be positive") }
    guard (input == nil) == (output == nil) else {
      throw ValidationError("--input and --output belong together")
    }
    guard (input == nil) != images.isEmpty else {
      throw ValidationError("give either images or --input")
    }
  }

  func run(_ registry: Registry) throws {
    let device = try inference.place.resolve()
    let file = try ModelFile(path: model, registry: registry)
    if let input, let output {
      let batch = try batch(input)
      if let only = file.spec.network.fixedResolution, batch.shape[1...2] != [only, only] {
        throw RecipeError(
          "\(input): is \(batch.shape), and the network looks at \(only) x \(only) pixels only")
      }
      try Npy.write(logits(of: file, on: device, like: batch, registry)(batch), to: output)
      return
    }
    let prepare = try file.knownPreprocessing(model)
    var predictions: [Prediction] = []
    var logits: ((Tensor) -> Tensor)?
    for path in images {
      let view = try prepare.apply(to: decoding.decoder.decode(file: path))
      let pixels = Tensor(view.pixels, shape: [1, view.height, view.width, 3])
      let network = try logits ?? self.logits(of: file, on: device, like: pixels, registry)
      logits = network
      let own = network(pixels)
      guard own.isAllFinite else {
        throw RecipeError("\(path): \(model) gives logits that are infinite or not a number")
      }
      predictions.append(prediction(path, own, file.classNames))
    }
    for prediction in predictions {
      print(prediction.image)
      for choice in prediction.top {
        print(String(format: "  %.4f  ", choice.probability) + choice.name)
      }
    }
    if json {
      print(try JSONText.line(["predictions": predictions]))
    }
  }

  /// A batch from outside, checked.
  private func batch(_ path: String) throws -> Tensor {
    let batch = try Npy.read(path)
    guard batch.shape.count == 4, batch.shape[3] == 3, batch.count > 0,
      batch.dtype == .u8 || batch.dtype == .f32
    else {
      throw RecipeError(
        "\(path): is \(batch.shape) \(batch.dtype), expected (N, H, W, 3) of uint8 or float32")
    }
    return batch
  }

  /// Gives the logits of batches such as `batch`, whose images are uint8 pixels, or floats in the network's own range.
  private func logits(
    of file: ModelFile, on device: Device, like batch: Tensor, _ registry: Registry
  ) throws -> (Tensor) -> Tensor {
    let (sides, count, model) = (batch.shape, batch.shape[0], file.model)
    let network = try inference.freeze(
      file, height: sides[1], width: sides[2], images: batch.dtype == .u8 ? .bytes : .scaledRows,
      preprocessing: { try file.knownPreprocessing(self.model) },
      batchSize: min(count, Self.mostImages), device: device, sets.datasets(registry),
      LoaderOptions(decoder: decoding.decoder))
    if let network = network as? FrozenNetwork { return network.logits }
    let mode = Mode.evaluation(inference.precision.dtype)
    return { batch in
      // A few images at a time, so that a long batch does not need all its feature maps at once.
      let parts = stride(from: 0, to: batch.shape[0], by: Self.mostImages).map { start in
        let end = min(start + Self.mostImages, batch.shape[0])
        let part = batch.narrowed(0, start..<end).to(device)
        return withInference {
          part.dtype == .u8
            ? model(Batch.scaled(part), mode) : model.logits(part.permuted([0, 3, 1, 2]), mode)
        }.to(.cpu)
      }
      return Tensor.concatenated(parts)
    }
  }

  private static let mostImages = 64

  private struct Prediction: Encodable {
    struct Choice: Encodable {
      let index: Int
      let name: String
      let probability: Double
    }
    let image: String
    let top: [Choice]
  }

  private func prediction(
    _ image: String, _ logits: Tensor, _ names: [String]
  ) -> Prediction {
    let probabilities = logits.softmax().array(as: Double.self)
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    return Prediction(
      image: image,
      top: order.prefix(top).map { index in
        Prediction.Choice(
          index: index, name: index < names.count ? names[index] : "class \(index)",
          probability: probabilities[index])
      })
  }
}
