import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// `funmatch predict`: what a model says of images.
struct Predict: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify images, or compute the logits of a batch.",
    usage: """
      funmatch predict MODEL IMAGE... [--top K] [--csv | --jsonl | --json] [--skip-broken]
      funmatch predict MODEL --input BATCH.npy --output LOGITS.npy
      """,
    discussion: """
      Results are written while it works, in the order of the images. An image that cannot be decoded is named on standard \
      error, the others are classified, and the exit code is 1.
      """)

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Argument(
    help: """
      Images (\(ImageFormat.list)); folders, for all images below them; patterns in quotes, such as 'set/*.png'; /dev/stdin; or - for a list of \
      paths on standard input, one a line.
      """)
  var images: [String] = []

  @Option(help: "How many classes to name for each image.")
  var top = 5

  @Flag(help: "Write comma-separated values below a line of headings.")
  var csv = false

  @Flag(help: "Write a JSON object a line.")
  var jsonl = false

  @Flag(help: "Write one JSON object, in one line, and nothing else.")
  var json = false

  @Flag(help: "Leave out images that cannot be decoded, and name them, without failing.")
  var skipBroken = false

  @Option(help: "A batch: uint8 NHWC pixels, or float32 NHWC in the model's input range.")
  var input: String?

  @Option(help: "Where the logits go, float32 (N, classes).")
  var output: String?

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var loading: LoadingOptions

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
    guard [csv, jsonl, json].count(where: \.self) <= 1 else {
      throw ValidationError("--csv, --jsonl and --json exclude each other")
    }
    guard input == nil || !(csv || jsonl || json || skipBroken) else {
      throw ValidationError("--csv, --jsonl, --json and --skip-broken are for images")
    }
  }

  func run(_ registry: Registry) throws {
    let device = try inference.place.resolve()
    let batch = try input.map(batch)
    let side = batch.map { Int(Double($0.shape[1] * $0.shape[2]).squareRoot().rounded(.up)) }
    let memory = try inference.memory([model], side: side, device, registry)
    let atOnce = try memory?.most(upTo: Self.mostImages) ?? Self.mostImages
    let file = try ModelFile.classifier(model, registry)
    if let batch, let input, let output {
      if let only = file.spec.network.fixedResolution, batch.shape[1...2] != [only, only] {
        throw RecipeError(
          "\(input): is \(batch.shape), and the network looks at \(only) x \(only) pixels only")
      }
      if batch.dtype == .f32 {
        let values = batch.array(as: Float.self)
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        if let words = file.model.input.warning(least: Double(least), most: Double(most)) {
          Terminal().say("warning: \(input): \(words)")
        }
      }
      let network = try logits(
        of: file, on: device, height: batch.shape[1], width: batch.shape[2], batch.dtype,
        batchSize: min(batch.shape[0], atOnce), registry)
      return try Npy.write(network(batch), to: output)
    }
    do {
      try classify(file, atOnce, on: device, registry)
    } catch let error as FileError where error.code == EPIPE {
      // Whoever read the results has enough of them.
      throw ExitCode.success
    }
  }

  private func classify(
    _ file: ModelFile, _ atOnce: Int, on device: Device, _ registry: Registry
  ) throws {
    let prepare = try file.knownPreprocessing(model)
    let source = try NamedImageSource(
      NamedImages(images), prepare, batchSize: atOnce,
      options: LoaderOptions(workers: loading.threads, decoder: decoding.decoder))
    let predictor = Predictor(
      model: model, classNames: file.classNames, top: top, skipsBroken: skipBroken,
      isWatched: isatty(STDOUT_FILENO) == 0)
    let writer = try PredictionWriter(
      csv ? .csv : jsonl ? .jsonLines : json ? .json : .text,
      choices: min(top, file.model.classes), to: ResultStream())
    let outcome = try predictor(source, batchSize: atOnce, to: writer) { batchSize in
      try logits(
        of: file, on: device, height: prepare.crop, width: prepare.crop, .u8, batchSize: batchSize,
        registry)
    }
    guard outcome.broken > 0, !skipBroken else { return }
    // Of a single image all is said.
    guard outcome.named > 1 else { throw ExitCode.failure }
    throw RecipeError("\(outcome.broken) of \(outcome.named) images could not be classified")
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

  /// Gives the logits of batches of images (N, H, W, 3): uint8 pixels, or floats in the network's own range, `batchSize` at a
  /// time.
  private func logits(
    of file: ModelFile, on device: Device, height: Int, width: Int, _ type: DType, batchSize: Int,
    _ registry: Registry
  ) throws -> Predictor.Network {
    let model = file.model
    let network = try inference.freeze(
      file, height: height, width: width, images: type == .u8 ? .bytes : .scaledRows,
      preprocessing: { try file.knownPreprocessing(self.model) },
      batchSize: batchSize, device: device, sets.datasets(registry),
      LoaderOptions(workers: loading.threads, decoder: decoding.decoder))
    if let network = network as? FrozenNetwork { return network.logits }
    let mode = Mode.evaluation(inference.precision.dtype)
    return { batch in
      // A few images at a time, so that a long batch does not need all its feature maps at once.
      let parts = stride(from: 0, to: batch.shape[0], by: batchSize).map { start in
        let end = min(start + batchSize, batch.shape[0])
        let part = batch.narrowed(0, start..<end).to(device)
        return withInference {
          part.dtype == .u8
            ? model(Batch.scaled(part), mode) : model.logits(part.permuted([0, 3, 1, 2]), mode)
        }.to(.cpu)
      }
      return Tensor.concatenated(parts)
    }
  }

  /// More at a time make nothing faster.
  private static let mostImages = 64
}
