import FunMatchDatasets
import FunMatchImages

/// The images of a data set in order, prepared without any randomness, some at a time, on threads of
/// its own.
public final class EvaluationSource {
  /// Some images.
  public struct Batch: Sendable {
    /// The prepared pixels; those of broken images say nothing.
    public let pixels: Pixels
    /// Which of them could be decoded, in order; all, unless broken images are skipped.
    public let whole: [Int]
  }

  /// Number of batches of the whole data set.
  public let count: Int
  private let dataset: any Dataset
  private let batchSize: Int
  private let share: (first: Int, every: Int)
  private let prefetcher: Prefetcher<EvaluationWork>

  /// - Parameter share: which batches will be asked for: one of so many, from the first on.
  /// - Throws: `ImageError` when the sizes of the preprocessing are impossible.
  public init(
    _ dataset: any Dataset, _ preprocessing: EvaluationPreprocessing, batchSize: Int,
    options: LoaderOptions = LoaderOptions(), share: (first: Int, every: Int) = (0, 1)
  ) throws {
    try preprocessing.check()
    let images = dataset.count
    (self.dataset, self.batchSize, self.share) = (dataset, batchSize, share)
    count = (images + batchSize - 1) / batchSize
    prefetcher = Prefetcher(
      threads: options.workers, decoder: options.decoder
    ) { number in
      let start = (share.first + number * share.every) * batchSize
      guard start < images else { return nil }
      return try EvaluationWork(
        dataset, preprocessing, start..<min(start + batchSize, images), options.broken)
    }
  }

  /// Batch `number`, 0 being the first.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func batch(_ number: Int) throws -> Batch {
    try prefetcher.take((number - share.first) / share.every).batch
  }

  /// Class of each image of a batch; `nil` where nobody labelled it.
  public func labels(_ number: Int) -> [Int?] {
    let start = number * batchSize
    return (start..<min(start + batchSize, dataset.count)).map { dataset.label(at: $0) }
  }
}

private final class EvaluationWork: Work, @unchecked Sendable {
  private let dataset: any Dataset
  private let preprocessing: EvaluationPreprocessing
  private let range: Range<Int>
  private let broken: BrokenImages
  private let pixels: Pixels
  /// Whether each image could be decoded; every part writes its own.
  private let decoded: UnsafeMutableBufferPointer<Bool>

  init(
    _ dataset: any Dataset, _ preprocessing: EvaluationPreprocessing, _ range: Range<Int>,
    _ broken: BrokenImages
  ) throws {
    self.dataset = dataset
    self.preprocessing = preprocessing
    self.range = range
    self.broken = broken
    pixels = try Pixels(count: range.count, size: preprocessing.crop)
    decoded = .allocate(capacity: range.count)
    decoded.initialize(repeating: true)
  }

  deinit { decoded.deallocate() }

  var count: Int { range.count }
  var byteCount: Int { pixels.bytes.count }

  func run(_ part: Int, with reader: ImageReader) throws {
    let index = range.lowerBound + part
    decoded[part] = try broken.tryRead(dataset, index, with: reader) {
      try preprocessing.apply(to: $0, into: pixels.slot(part))
    }
    if !decoded[part] { pixels.slot(part).initialize(repeating: 0) }
  }

  var batch: EvaluationSource.Batch {
    EvaluationSource.Batch(
      pixels: pixels, whole: decoded.indices.filter { decoded[$0] })
  }
}
