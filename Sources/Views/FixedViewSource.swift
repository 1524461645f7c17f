import FunMatchDatasets
import FunMatchImages

/// The views that fixed teachers are asked about: image after image, all views of one behind each
/// other, on threads of its own.
public final class FixedViewSource {
  /// Views of some images at each of the teachers' resolutions, (images × views) of them.
  public typealias Batch = [Int: Pixels]

  /// Images that are shown together.
  public let batchSize: Int
  private let prefetcher: Prefetcher<FixedWork>

  /// Views of the images from `start` on, `batchSize` images at a time.
  ///
  /// - Parameters:
  ///   - student: the student's input size in pixels, which crops of a fixed size are cut for.
  ///   - teachers: input sizes at which the views are wanted.
  public init(
    _ dataset: any Dataset, policy: ViewPolicy, from start: Int, batchSize: Int, student: Int,
    teachers: [Int], seed: UInt64, options: LoaderOptions = LoaderOptions()
  ) {
    self.batchSize = batchSize
    let count = dataset.count
    prefetcher = Prefetcher(
      threads: options.workers, decoder: options.decoder
    ) { number in
      let first = start + number * batchSize
      guard first < count else { return nil }
      return FixedWork(
        dataset, policy, first..<min(first + batchSize, count), student, Set(teachers), seed,
        options.broken)
    }
  }

  /// Batch `number`, 0 being the first.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func batch(_ number: Int) throws -> Batch { try prefetcher.take(number).pixels }
}

private final class FixedWork: Work, @unchecked Sendable {
  let pixels: [Int: Pixels]
  private let dataset: any Dataset
  private let policy: ViewPolicy
  private let range: Range<Int>
  private let size: Int
  private let seed: UInt64
  private let broken: BrokenImages
  private let views: Int

  init(
    _ dataset: any Dataset, _ policy: ViewPolicy, _ range: Range<Int>, _ size: Int,
    _ sizes: Set<Int>, _ seed: UInt64, _ broken: BrokenImages
  ) {
    self.dataset = dataset
    self.policy = policy
    self.range = range
    self.size = size
    self.seed = seed
    self.broken = broken
    let views = policy.teacher.fixedViews
    self.views = views
    pixels = Dictionary(
      uniqueKeysWithValues: sizes.map { ($0, Pixels(count: range.count * views, size: $0)) })
  }

  var count: Int { range.count }
  var byteCount: Int { pixels.values.reduce(0) { $0 + $1.bytes.count } }

  func run(_ part: Int, with reader: ImageReader) throws {
    let index = range.lowerBound + part
    // A broken image is never shown to the student, so what the teachers see of it does not matter.
    let isWhole = try broken.tryRead(dataset, index, with: reader) { image in
      let bounds = Box(y: 0, x: 0, height: image.height, width: image.width)
      let drawn = (0..<views).map {
        policy.fixedView(
          height: image.height, width: image.width, size: size, seed: seed, index: index, number: $0
        )
      }
      let reach = pixels.keys.flatMap { size in drawn.map { $0.reach(in: bounds, size: size) } }
      let shown = try image.part(Box(around: reach))
      for (number, view) in drawn.enumerated() {
        for (size, target) in pixels {
          view.render(shown, size: size, into: target.slot(part * views + number))
        }
      }
    }
    guard !isWhole else { return }
    for number in 0..<views {
      for target in pixels.values {
        target.slot(part * views + number).initialize(repeating: 0)
      }
    }
  }
}
