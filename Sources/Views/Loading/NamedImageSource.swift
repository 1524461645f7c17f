import FunMatchDatasets
import FunMatchImages

/// Images that somebody named, in that order, prepared without any randomness, some at a time, on threads of its own. Of
/// names that come slowly as many are taken together as are there.
package final class NamedImageSource {
  /// Some images.
  package struct Batch {
    /// The prepared pixels; those of broken images are zero.
    package let pixels: Pixels
    /// How they are called.
    package let names: [String]
    /// Why there are no pixels, by the places of broken images.
    package let failures: [Int: any Error]
  }

  private let feed: Feed
  private let prefetcher: Prefetcher<NamedWork>
  private var taken = 0

  /// Images in batches of at most so many. What is done about broken ones is left to the caller.
  ///
  /// - Throws: `ImageError` when the sizes of the preprocessing are impossible.
  package init(
    _ images: NamedImages, _ preprocessing: EvaluationPreprocessing, batchSize: Int,
    options: LoaderOptions = LoaderOptions()
  ) throws {
    try preprocessing.check()
    let feed = Feed(images, preprocessing, batchSize: batchSize)
    self.feed = feed
    prefetcher = Prefetcher(threads: options.workers, decoder: options.decoder) { number in
      try feed.work(number)
    }
  }

  /// Whether it is known that all batches were taken.
  package var isOver: Bool { feed.isOver && taken == feed.count }

  /// The next images; `nil` after the last ones.
  ///
  /// - Throws: `FileError` when a list of them cannot be read.
  package func next() throws -> Batch? {
    feed.wanted = taken
    guard let work = try prefetcher.takeIfAny(taken) else {
      if let failure = feed.failure { throw failure }
      return nil
    }
    taken += 1
    return work.batch
  }
}

/// Turns names into batches, on the thread that takes these.
private final class Feed {
  private let images: NamedImages
  private let preprocessing: EvaluationPreprocessing
  private let batchSize: Int
  /// How many batches there were.
  private(set) var count = 0
  private(set) var isOver = false
  private(set) var failure: (any Error)?
  /// The batch for which names are waited for.
  var wanted = 0

  init(_ images: NamedImages, _ preprocessing: EvaluationPreprocessing, batchSize: Int) {
    (self.images, self.preprocessing, self.batchSize) = (images, preprocessing, batchSize)
  }

  func work(_ number: Int) throws -> NamedWork? {
    var part: [NamedImage] = []
    do {
      reading: while !isOver, part.count < batchSize {
        switch try images.next(waiting: part.isEmpty && number == wanted) {
        case .image(let image): part.append(image)
        case .later: break reading
        case .end: isOver = true
        }
      }
    } catch {
      (failure, isOver) = (error, true)
    }
    return try made(part)
  }

  private func made(_ part: [NamedImage]) throws -> NamedWork? {
    guard !part.isEmpty else { return nil }
    count += 1
    return try NamedWork(part, preprocessing)
  }
}

private final class NamedWork: Work, @unchecked Sendable {
  private let images: [NamedImage]
  private let preprocessing: EvaluationPreprocessing
  private let pixels: Pixels
  /// Every part writes its own.
  private let failures: UnsafeMutableBufferPointer<(any Error)?>

  init(_ images: [NamedImage], _ preprocessing: EvaluationPreprocessing) throws {
    (self.images, self.preprocessing) = (images, preprocessing)
    pixels = try Pixels(count: images.count, size: preprocessing.crop)
    failures = .allocate(capacity: images.count)
    failures.initialize(repeating: nil)
  }

  deinit {
    failures.deinitialize()
    failures.deallocate()
  }

  var count: Int { images.count }
  var byteCount: Int { pixels.bytes.count }

  func run(_ part: Int, with reader: ImageReader) {
    do {
      try images[part].read(with: reader) {
        try preprocessing.apply(to: $0, into: pixels.slot(part))
      }
    } catch {
      failures[part] = error
      pixels.slot(part).initialize(repeating: 0)
    }
  }

  var batch: NamedImageSource.Batch {
    let broken = failures.indices.compactMap { place in failures[place].map { (place, $0) } }
    return NamedImageSource.Batch(
      pixels: pixels, names: images.map(\.name),
      failures: Dictionary(uniqueKeysWithValues: broken))
  }
}
