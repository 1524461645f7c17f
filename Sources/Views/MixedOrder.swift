/// The order in which images of several data sets are visited, each data set taking a fixed share.
///
/// Of every 1,024 visits as many go to a data set as its share says, to the nearest whole number, in an
/// order that is drawn for each 1,024 from (seed, their number). Within a data set its own `SampleOrder`
/// holds, with epochs of its own.
public struct MixedOrder: Sendable {
  private static let block = 1024

  private let parts: [Range<Int>]
  private let quotas: [Int]
  private let seed: UInt64
  private var orders: [SampleOrder]
  private var drawn = -1
  /// Whose turn each visit of the drawn block is, and how many turns that data set had before it.
  private var turns: [(part: Int, before: Int)] = []

  /// Orders of `count` images.
  ///
  /// - Parameters:
  ///   - shards: runs of images that lie behind each other in files.
  ///   - mixture: the data sets; one of all images if there is none.
  public init(count: Int, seed: UInt64, shards: [Range<Int>] = [], mixture: Mixture?) {
    self.seed = seed
    parts = mixture?.parts ?? [0..<count]
    quotas = Self.quotas(mixture?.weights ?? [1])
    orders = parts.enumerated().map { number, part in
      let own = shards.filter { part.contains($0.lowerBound) }
        .map { $0.lowerBound - part.lowerBound..<$0.upperBound - part.lowerBound }
      return SampleOrder(count: part.count, seed: seed, shards: own, part: number)
    }
  }

  /// The n-th visit since the start, n from 0.
  public mutating func visit(_ n: Int) -> SampleOrder.Visit {
    let turn = self.turn(n)
    let visit = orders[turn.part].visit(turn.number)
    return SampleOrder.Visit(
      epoch: visit.epoch, index: parts[turn.part].lowerBound + visit.index)
  }

  /// Images that are visited soon after the n-th, as neighbours in their files; `nil` where there are
  /// no files. The same `stretch` of a `part` has the same images.
  mutating func neighbours(_ n: Int) -> (part: Int, stretch: Int, images: [Range<Int>])? {
    let turn = self.turn(n)
    guard let found = orders[turn.part].neighbours(turn.number) else { return nil }
    let start = parts[turn.part].lowerBound
    let images = found.images.map { start + $0.lowerBound..<start + $0.upperBound }
    return (turn.part, found.stretch, images)
  }

  private mutating func turn(_ n: Int) -> (part: Int, number: Int) {
    guard parts.count > 1 else { return (0, n) }
    let number = n / Self.block
    if number != drawn { draw(number) }
    let turn = turns[n % Self.block]
    return (turn.part, number * quotas[turn.part] + turn.before)
  }

  private mutating func draw(_ number: Int) {
    var random = Philox(seed: seed, Stream.mixture.rawValue, number, number >> 32)
    var order = quotas.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    for i in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(i, random.index(below: i + 1))
    }
    var had = [Int](repeating: 0, count: parts.count)
    turns = order.map { part in
      defer { had[part] += 1 }
      return (part, had[part])
    }
    drawn = number
  }

  /// Whole numbers that add up to a block, by largest remainder; each at least 1.
  private static func quotas(_ weights: [Double]) -> [Int] {
    let total = weights.reduce(0, +)
    let exact = weights.map { Double(block) * $0 / total }
    var quotas = exact.map { max(1, Int($0)) }
    while quotas.reduce(0, +) != block {
      let sign = quotas.reduce(0, +) < block ? 1 : -1
      let most = quotas.indices.filter { quotas[$0] + sign >= 1 }
        .max {
          Double(sign) * (exact[$0] - Double(quotas[$0])) < Double(sign)
            * (exact[$1] - Double(quotas[$1]))
        }
      quotas[most ?? 0] += sign
    }
    return quotas
  }
}
