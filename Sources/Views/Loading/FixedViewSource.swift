import FunMatchDatasets
import FunMatchImages

/// The views of which fixed teachers compute logits: image after image, all views of one behind each
/// other, on threads of its own.
public final class FixedViewSource {
  /// Views of some images.
  public struct Batch: Sendable {
    /// (images × views) of them at each of the teachers' resolutions.
    public let pixels: [Int: Pixels]
    /// Which of the images could be decoded; all, unless broken images are skipped.
    public let isWhole: [Bool]
  }

  /// Images that are shown together.
  public let batchSize: Int
  private let prefetcher: Prefetcher<FixedWork>

  /// Views of the images from `start` on, `batchSize` images at a time.
  ///
  /// - Parameters:
  ///   - student: the student's input size in pixels, which crops of a fixed size are cut for.
  ///   - teachers: input sizes at which the views are wanted.
  ///   - share: which batches there are: one of so many, from the first on.
  public init(
    _ dataset: any Dataset, policy: ViewPolicy, from start: Int, batchSize: Int, student: Int,
    teachers: [Int], seed: UInt64, options: LoaderOptions = LoaderOptions(),
    share: (first: Int, every: Int) = (0, 1)
  ) {
    self.batchSize = batchSize
    let count = dataset.count
    prefetcher = Prefetcher(
      threads: options.workers, decoder: options.decoder
    ) { number in
      let first = start + (share.first + number * share.every) * batchSize
      guard first < count else { return nil }
      return try FixedWork(
        dataset, policy, first..<min(first + batchSize, count), student, Set(teachers), seed,
        options.broken)
    }
  }

  /// Batch `number` of the share, 0 being the first.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func batch(_ number: Int) throws -> Batch { try prefetcher.take(number).batch }
}

private final class FixedWork: Work, @unchecked Sendable {
  private let pixels: [Int: Pixels]
  /// Whether each image could be decoded; every part writes its own.
  private let decoded: UnsafeMutableBufferPointer<Bool>
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
  ) throws {
    self.dataset = dataset
    self.policy = policy
    self.range = range
    self.size = size
    self.seed = seed
    self.broken = broken
    let views = policy.teacher.fixedViews
    self.views = views
    pixels = try Dictionary(
      uniqueKeysWithValues: sizes.map { ($0, try Pixels(count: range.count * views, size: $0)) })
    decoded = .allocate(capacity: range.count)
    decoded.initialize(repeating: true)
  }

  deinit { decoded.deallocate() }

  var batch: FixedViewSource.Batch {
    FixedViewSource.Batch(pixels: pixels, isWhole: Array(decoded))
  }

  var count: Int { range.count }
  var byteCount: Int { pixels.values.reduce(0) { $0 + $1.bytes.count } }

  func run(_ part: Int, with reader: ImageReader) throws {
    let index = range.lowerBound + part
    decoded[part] = try broken.tryRead(dataset, index, with: reader) { image in
      let bounds = Box(y: 0, x: 0, height: image.height, width: image.width)
      let drawn = (0..<views).map { number in
        policy.fixedView(
          height: image.height, width: image.width, size: size, seed: seed, index: index,
          number: number)
      }
      var reach = drawn[0].reach(in: bounds, size: size)
      for view in drawn {
        for size in pixels.keys { reach = reach.union(view.reach(in: bounds, size: size)) }
      }
      let shown = try image.part(reach)
      for (number, view) in drawn.enumerated() {
        for (size, target) in pixels {
          view.render(shown, size: size, into: target.slot(part * views + number))
        }
      }
    }
    guard !decoded[part] else { return }
    for number in 0..<views {
      for target in pixels.values {
        target.slot(part * views + number).initialize(repeating: 0)
      }
    }
  }
}
