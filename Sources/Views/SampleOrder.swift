/// The order in which images are visited: a new permutation every epoch, a pure function of (seed,
/// epoch).
///
/// Images that lie behind each other in large files (`Dataset.shards`) are visited file by file, the
/// files in random order, and shuffled within stretches of `stretch` images: files are then read
/// nearly from beginning to end, as a shuffle buffer of that size would have it.
public struct SampleOrder: Sendable {
  /// Which image is shown, and in which epoch.
  public struct Visit: Sendable, Equatable {
    /// The epoch, 0 being the first.
    public let epoch: Int
    /// The image's place in its data set.
    public let index: Int
  }

  /// Images among which those of files are shuffled.
  public static let stretch = 4096

  private let count: Int
  private let seed: UInt64
  private let shards: [Range<Int>]
  private let part: Int
  private var epoch = -1
  /// `shards` in the order of the epoch.
  private var files: [Range<Int>] = []
  private var permutation: [UInt32] = []

  /// Orders of `count` images.
  ///
  /// - Parameter part: which of several data sets these are, so that each has orders of its own.
  public init(count: Int, seed: UInt64, shards: [Range<Int>] = [], part: Int = 0) {
    precondition(shards.isEmpty || shards.reduce(0) { $0 + $1.count } == count)
    self.count = count
    self.seed = seed
    self.shards = shards
    self.part = part
  }

  /// The n-th visit since the start, n from 0. Batches cross the border between epochs.
  public mutating func visit(_ n: Int) -> Visit {
    let wanted = n / count
    if wanted != epoch {
      permutation = drawn(epoch: wanted)
      epoch = wanted
    }
    return Visit(epoch: wanted, index: Int(permutation[n % count]))
  }

  /// Images that are visited in the same stretch as the n-th visit, as neighbours in their files, and
  /// which stretch that is; `nil` where there are no files.
  mutating func neighbours(_ n: Int) -> (stretch: Int, images: [Range<Int>])? {
    guard !shards.isEmpty else { return nil }
    _ = visit(n)
    let begin = n % count / Self.stretch * Self.stretch
    var left = begin..<min(begin + Self.stretch, count)
    var images: [Range<Int>] = []
    var place = 0
    for file in files {
      let shared = left.clamped(to: place..<place + file.count)
      if !shared.isEmpty {
        let start = file.lowerBound + shared.lowerBound - place
        images.append(start..<start + shared.count)
        left = shared.upperBound..<left.upperBound
      }
      place += file.count
    }
    return (n / count * (count / Self.stretch + 1) + begin / Self.stretch, images)
  }

  private mutating func drawn(epoch: Int) -> [UInt32] {
    var random = Philox(seed: seed, Stream.order.rawValue, epoch, part)
    guard !shards.isEmpty else {
      var order = (0..<UInt32(count)).map { $0 }
      Self.shuffle(&order, 0..<count, &random)
      return order
    }
    files = shards
    Self.shuffle(&files, files.indices, &random)
    var order = files.flatMap { $0.map { UInt32($0) } }
    for start in stride(from: 0, to: count, by: Self.stretch) {
      Self.shuffle(&order, start..<min(start + Self.stretch, count), &random)
    }
    return order
  }

  /// Fisher and Yates's shuffle of part of an array.
  private static func shuffle<T>(_ values: inout [T], _ range: Range<Int>, _ random: inout Philox) {
    for i in stride(from: range.upperBound - 1, to: range.lowerBound, by: -1) {
      values.swapAt(i, range.lowerBound + random.index(below: i - range.lowerBound + 1))
    }
  }
}
