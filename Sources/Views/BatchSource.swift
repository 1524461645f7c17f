import FunMatchDatasets
import FunMatchImages

/// Draws the batches of a run. Any batch can be drawn at any time: it depends on the step alone.
public final class BatchSource {
  /// Images a step.
  public let batchSize: Int
  /// Number of different images.
  public var imageCount: Int { dataset.count }
  private let dataset: any Dataset
  private let policy: ViewPolicy
  private let resolutions: [Int]
  private let seed: UInt64
  private var order: SampleOrder

  /// Batches of `dataset` as `policy` shows it.
  ///
  /// - Parameter resolutions: input sizes in pixels of the networks, the student's first.
  /// - Throws: `ViewError` when the policy does not fit, or the data set is empty.
  public init(
    _ dataset: any Dataset, policy: ViewPolicy, batchSize: Int, resolutions: [Int], seed: UInt64
  ) throws {
    guard let first = resolutions.first, resolutions.allSatisfy({ $0 > 0 }) else {
      throw ViewError("resolutions must be positive numbers of pixels")
    }
    guard batchSize > 0 else { throw ViewError("batchSize: \(batchSize) must be positive") }
    guard dataset.count > 0 else { throw ViewError("the training data have no images") }
    try policy.validate(size: first)
    self.dataset = dataset
    self.policy = policy
    self.batchSize = batchSize
    self.resolutions = resolutions
    self.seed = seed
    order = SampleOrder(count: dataset.count, seed: seed)
  }

  /// Views of the images of step `step`, 0 being the first.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func batch(_ step: Int) throws -> ImageBatch {
    let visits = (0..<batchSize).map { order.visit(step * batchSize + $0) }
    var pixels: [Int: [UInt8]] = [:]
    for size in resolutions {
      pixels[size] = [UInt8](repeating: 0, count: batchSize * size * size * 3)
    }
    for (position, visit) in visits.enumerated() {
      let image = try dataset.image(at: visit.index)
      let view = policy.view(
        height: image.height, width: image.width, size: resolutions[0], seed: seed,
        epoch: visit.epoch, index: visit.index)
      for size in Set(resolutions) {
        let bytes = size * size * 3
        pixels[size]?.withUnsafeMutableBufferPointer { buffer in
          let slot = buffer[position * bytes..<(position + 1) * bytes]
          view.render(image, size: size, into: UnsafeMutableBufferPointer(rebasing: slot))
        }
      }
    }
    return ImageBatch(
      pixels: pixels, count: batchSize, indices: visits.map(\.index),
      labels: visits.map { dataset.label(at: $0.index) })
  }
}
