import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchONNX
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// What networks of files compute with.
struct InferenceOptions: ParsableArguments {
  /// What convolutions compute in.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case f32, bf16, f16, int8

    /// That of what does not compute in int8.
    var dtype: DType {
      switch self {
      case .f32, .int8: .f32
      case .bf16: .bf16
      case .f16: .f16
      }
    }
  }

  @Option(help: "What convolutions compute in: f32, bf16, f16, or int8, which needs --calibrate.")
  var precision = Format.f32

  @Option(
    help: "For int8: a data set of which 256 images, without labels, tell the ranges of values.")
  var calibrate: String?

  @OptionGroup var engine: EngineOptions

  @OptionGroup var place: DeviceOptions

  private static let calibrated = 256

  func validate() throws {
    guard precision != .int8 || calibrate != nil else {
      throw ValidationError("--precision int8 needs --calibrate DATASET[:SPLIT], unlabelled images")
    }
    guard precision == .int8 || calibrate == nil else {
      throw ValidationError("--calibrate is for --precision int8")
    }
  }

  /// What networks of files will take of memory.
  ///
  /// - Parameter side: of the images in pixels, where the files do not tell it.
  /// - Returns: `nil` where nobody knows.
  /// - Throws: an error naming a file that cannot be read.
  func memory(
    _ paths: [String], side: Int? = nil, _ device: Device, _ registry: Registry
  ) throws -> InferenceMemory? {
    try InferenceMemory(
      paths, side: side, engine: engine.engine, precision: precision.dtype, device: device,
      registry: registry)
  }

  /// Freezes the network of a file for images of one size.
  ///
  /// - Parameters:
  ///   - isTeacher: whether another network is compared with it; it stays in float where that computes in int8.
  ///   - preprocessing: how the images to calibrate with are prepared.
  func freeze(
    _ file: ModelFile, height: Int, width: Int, images: ONNXModel.Images = .views,
    isTeacher: Bool = false, preprocessing: () throws -> EvaluationPreprocessing, batchSize: Int,
    device: Device,
    _ datasets: DatasetRegistry, _ loading: LoaderOptions
  ) throws -> any Classifier {
    guard precision == .int8, !isTeacher, let calibrate else {
      return try engine.freeze(
        file.model, height: height, width: width, images: images, precision: precision.dtype,
        batchSize: batchSize, device: device
      ).network
    }
    if let reason = Int8Network.reason(engine.engine, device) { throw RecipeError(reason) }
    let dataset = try datasets.open(DatasetReference(calibrate), usually: "train")
    let source = try EvaluationSource(
      SpreadDataset(dataset, count: Self.calibrated), preprocessing(),
      batchSize: Self.calibrated, options: loading)
    let views = Batch.scaled(try source.batch(0).pixels, device: .cpu).channelsLast
    guard views.shape[2...] == [height, width] else {
      throw RecipeError(
        "--calibrate: images are prepared as \(views.shape[2]) x \(views.shape[3]) pixels, and the network shall "
          + "look at \(height) x \(width)")
    }
    return try Int8Network(
      { file.model }, views: views, images: images, batchSize: batchSize,
      with: OpenVINO.found.get()
    ).network
  }
}
