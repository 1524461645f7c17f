import FunMatchTestSupport
import FunMatchViews
import Testing

struct PhiloxTests {
  /// Random123's known answers for philox4x32, ten rounds (its file kat_vectors).
  @Test func knownAnswers() {
    let all = UInt32.max
    for (counter, key, expected) in [
      (
        SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0),
        SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
      ),
      (
        SIMD4(all, all, all, all), SIMD2(all, all),
        SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        SIMD2(0xa409_3822, 0x299f_31d0),
        SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ] {
      #expect(Philox.block(counter: counter, key: key) == expected)
    }
  }

  @Test func streamsDifferInEveryNumber() {
    var firsts: Set<UInt64> = []
    for (seed, a, b, c) in [
      (0, 0, 0, 0), (1, 0, 0, 0), (1 << 40, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1),
    ] {
      var stream = Philox(seed: UInt64(seed), a, b, c)
      firsts.insert(stream.next())
    }
    #expect(firsts.count == 6)
  }

  @Test func indicesAreUniform() {
    var random = Philox(seed: 7, 0, 0, 0)
    var counts = [Int](repeating: 0, count: 10)
    for _ in 0..<100_000 { counts[random.index(below: 10)] += 1 }
    // Six standard deviations of a binomial count.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 570 })
  }

  @Test func betaHasItsMeanAndVariance() {
    for p in [0.2, 0.5, 1, 3] {
      var random = Philox(seed: 11, 0, 0, 0)
      let draws = (0..<50_000).map { _ in random.beta(p) }
      let mean = draws.reduce(0, +) / 50_000
      let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 50_000
      #expect(abs(mean - 0.5) < 0.01)
      #expect(abs(variance - 1 / (4 * (2 * p + 1))) < 0.004)
    }
  }
}
