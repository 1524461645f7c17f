/// The order in which images are visited: a new permutation every epoch, a pure function of (seed,
/// epoch).
public struct SampleOrder: Sendable {
  private let count: Int
  private let seed: UInt64
  private var epoch = -1
  private var permutation: [UInt32] = []

  /// Orders of `count` images.
  public init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  /// Epoch and image of the n-th visit since the start, n from 0. Batches cross the border between
  /// epochs.
  public mutating func visit(_ n: Int) -> (epoch: Int, index: Int) {
    let wanted = n / count
    if wanted != epoch {
      permutation = Self.permutation(count, seed: seed, epoch: wanted)
      epoch = wanted
    }
    return (wanted, Int(permutation[n % count]))
  }

  /// Fisher and Yates's shuffle of 0 ..< count.
  static func permutation(_ count: Int, seed: UInt64, epoch: Int) -> [UInt32] {
    var random = Philox(seed: seed, Stream.order.rawValue, epoch, 0)
    var order = (0..<UInt32(count)).map { $0 }
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, random.index(below: i + 1))
    }
    return order
  }
}
