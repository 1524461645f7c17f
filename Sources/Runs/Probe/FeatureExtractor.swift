import FunMatchDatasets
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchTorch
import FunMatchViews

/// Shows images to a frozen network that gives features: each as an evaluation would, mirrored if wanted, and as crops.
package struct FeatureExtractor {
  /// Gives (N, width), f32, of images (N, 3, H, W) in [-1, 1].
  let network: any Classifier
  /// What its convolutions compute in.
  let precision: DType
  let preprocessing: EvaluationPreprocessing
  let batchSize: Int
  let device: Device
  let loading: LoaderOptions

  /// All named.
  package init(
    _ network: any Classifier, precision: DType, _ preprocessing: EvaluationPreprocessing,
    batchSize: Int, device: Device, loading: LoaderOptions
  ) {
    (self.network, self.precision, self.preprocessing) = (network, precision, preprocessing)
    (self.batchSize, self.device, self.loading) = (batchSize, device, loading)
  }

  /// Values of a view.
  package var width: Int { network.classes }

  /// Which views of an image are shown.
  package struct Views: Sendable {
    /// Whether the whole image is shown mirrored as well.
    package let flip: Bool
    /// Crops beside it, each mirrored or not by chance.
    package let crops: Int

    /// Both named.
    package init(flip: Bool, crops: Int) { (self.flip, self.crops) = (flip, crops) }

    /// Number of views of an image.
    package var count: Int { 1 + (flip ? 1 : 0) + crops }

    /// In words, for comparisons.
    var identity: String {
      "whole\(flip ? ", mirrored" : "")"
        + (crops > 0
          ? ", \(crops) crops of \(areaMin) to 1, \(flip ? "mirrored" : "as it is") (seed 0)" : "")
    }

    /// Smallest share of an image's area that a crop shows: a label shall still be true of it.
    private var areaMin: Double { 0.25 }

    var policy: ViewPolicy {
      ViewPolicy(
        name: "probe", teacher: .ensemble(crops), crop: .inception(areaMin: areaMin, areaMax: 1),
        flip: flip, mixup: 0)
    }
  }

  /// Computes the features of all images in order.
  ///
  /// - Parameters:
  ///   - show: told how many views are done, after every batch.
  ///   - shouldStop: asked before every batch; true ends the work.
  ///   - take: given (images × views, width), f32, on the CPU, batch by batch.
  /// - Throws: the data set's error when an image cannot be read; `RecipeError` naming the image whose features are not
  ///   finite; `CancellationError` when it is stopped; what `take` throws.
  package func run(
    _ dataset: any Dataset, _ views: Views, show: (Int) -> Void, shouldStop: () -> Bool,
    _ take: (Tensor) throws -> Void
  ) throws {
    let source = try EvaluationSource(
      dataset, preprocessing, batchSize: batchSize, options: loading)
    let side = preprocessing.crop
    let cropped =
      views.crops > 0
      ? FixedViewSource(
        dataset, policy: views.policy, from: 0, batchSize: max(1, batchSize / views.crops),
        student: side, teachers: [side], seed: 0, options: loading) : nil
    var crops = Rows()
    let mirrored = Tensor((0..<side).reversed().map { Int64($0) }).to(device)
    for number in 0..<source.count {
      if shouldStop() { throw CancellationError() }
      let images = Batch.scaled(try source.batch(number).pixels, device: device)
      let count = images.shape[0]
      var parts = [try features(images)]
      if views.flip { parts.append(try features(images.selecting(mirrored, 3))) }
      parts = parts.map { $0.reshaped([count, 1, width]) }
      if let cropped {
        let wanted = count * views.crops
        while crops.count < wanted {
          if shouldStop() { throw CancellationError() }
          guard let pixels = try cropped.batch(crops.batches).pixels[side] else { break }
          crops.add(try features(Batch.scaled(pixels, device: device)))
        }
        parts.append(crops.taken(wanted).reshaped([count, views.crops, width]))
      }
      let rows = Tensor.concatenated(parts, 1).reshaped([count * views.count, width])
      guard rows.isAllFinite else {
        let bad = (0..<count).first {
          !rows.narrowed(0, $0 * views.count..<($0 + 1) * views.count).isAllFinite
        }
        throw RecipeError(
          "\(dataset.name(at: number * batchSize + (bad ?? 0))): the network gives features that are infinite or not "
            + "a number")
      }
      try take(rows)
      show((number * batchSize + count) * views.count)
    }
  }

  private func features(_ images: Tensor) throws -> Tensor {
    withInference { network(images, .evaluation(precision)) }.to(.cpu).clone()
  }

  /// Rows that wait to be taken, in order.
  private struct Rows {
    private var waiting: Tensor?
    private(set) var batches = 0

    var count: Int { waiting?.shape[0] ?? 0 }

    mutating func add(_ rows: Tensor) {
      waiting = waiting.map { .concatenated([$0, rows]) } ?? rows
      batches += 1
    }

    mutating func taken(_ count: Int) -> Tensor {
      guard let all = waiting else { preconditionFailure("no rows wait") }
      waiting = all.shape[0] > count ? all.narrowed(0, count..<all.shape[0]) : nil
      return all.narrowed(0, 0..<count)
    }
  }
}
