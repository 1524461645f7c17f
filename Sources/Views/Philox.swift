import Foundation

/// Philox 4x32-10, a counter-based random source: the n-th number of a stream is a function of key
/// and counter alone, so that any view can be drawn again, by any thread or machine, without
/// drawing those before it.
///
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); verified against
/// Random123's vectors.
public struct Philox: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block: SIMD4<UInt32> = .zero
  private var used = 4

  /// The stream of a purpose, given by three numbers, under a seed. Only the low 32 bits of each
  /// tell streams apart.
  public init(seed: UInt64, _ a: Int, _ b: Int, _ c: Int) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b),
      UInt32(truncatingIfNeeded: c))
  }

  /// Four random numbers from a counter and a key: ten rounds.
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (x, k) = (counter, key)
    for _ in 0..<10 {
      let first = UInt64(x[0]) * 0xD251_1F53
      let second = UInt64(x[2]) * 0xCD9E_8D57
      x = SIMD4(
        UInt32(second >> 32) ^ x[1] ^ k[0], UInt32(truncatingIfNeeded: second),
        UInt32(first >> 32) ^ x[3] ^ k[1], UInt32(truncatingIfNeeded: first))
      k = SIMD2(k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85)
    }
    return x
  }

  private mutating func nextWord() -> UInt32 {
    if used == 4 {
      block = Self.block(counter: counter, key: key)
      counter[0] &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return UInt64(nextWord()) << 32 | low
  }

  /// Uniform in [0, 1), 53 bits fine.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in [low, high).
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  /// Uniform in 0 ..< bound, which must be positive; the bias is below bound / 2⁶⁴.
  public mutating func index(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Standard normal (Box-Muller).
  mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Gamma of a positive shape and scale 1 (Marsaglia and Tsang, 2000).
  mutating func gamma(_ shape: Double) -> Double {
    if shape < 1 {
      let boosted = gamma(shape + 1)
      return boosted * pow(1 - uniform(), 1 / shape)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      if v > 0, log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// Beta(p, p), p > 0, in [0, 1].
  public mutating func beta(_ p: Double) -> Double {
    if p == 1 { return uniform() }
    let a = gamma(p)
    let b = gamma(p)
    // Both underflow for tiny p only, where the distribution is a coin.
    return a + b > 0 ? a / (a + b) : (uniform() < 0.5 ? 0 : 1)
  }
}
