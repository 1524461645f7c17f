import FunMatchDatasets
import FunMatchTestSupport
import FunMatchViews
import Testing

struct MixedOrderTests {
  private let mixture = Mixture(parts: [0..<100, 100..<103, 103..<603], weights: [1, 0.5, 2])

  private func order(seed: UInt64 = 4, _ mixture: Mixture? = nil) -> MixedOrder {
    MixedOrder(count: 603, seed: seed, mixture: mixture ?? self.mixture)
  }

  @Test func sharesAreKeptInEveryThousand() throws {
    var order = order()
    for block in 0..<5 {
      var counts = [0, 0, 0]
      for place in 0..<1024 {
        let index = order.visit(block * 1024 + place).index
        counts[try #require(mixture.parts.firstIndex { $0.contains(index) })] += 1
      }
      // 1024 · {2, 1, 4} / 7, rounded.
      #expect(counts == [293, 146, 585])
    }
  }

  @Test func everyDataSetHasEpochsOfItsOwn() {
    var order = order()
    var seen: [Int: [Int: Set<Int>]] = [:]
    var last = [0, 0, 0]
    for place in 0..<8000 {
      let visit = order.visit(place)
      let part = mixture.parts.firstIndex { $0.contains(visit.index) } ?? 0
      #expect(visit.epoch >= last[part])
      last[part] = visit.epoch
      #expect(seen[part, default: [:]][visit.epoch, default: []].insert(visit.index).inserted)
    }
    for (part, epochs) in seen {
      for (epoch, images) in epochs where epoch < last[part] {
        #expect(images.count == mixture.parts[part].count)
      }
    }
    #expect(last[1] > 300 && last[0] > 20 && last[2] == 9)
  }

  @Test func aVisitDependsOnItsPlaceAlone() {
    var (forwards, jumping, other) = (order(), order(), order(seed: 5))
    let visits = (0..<3000).map { forwards.visit($0) }
    for place in stride(from: 2999, through: 0, by: -37) {
      #expect(jumping.visit(place) == visits[place])
    }
    #expect((0..<3000).contains { other.visit($0) != visits[$0] })
  }

  @Test func oneDataSetIsVisitedAsWithoutMixture() {
    var (plain, single) = (
      SampleOrder(count: 603, seed: 4), MixedOrder(count: 603, seed: 4, mixture: nil)
    )
    for place in 0..<2000 { #expect(plain.visit(place) == single.visit(place)) }
  }

  @Test func filesAndSingleImagesAreAllVisited() {
    let all = MixedDataset([
      PictureList(
        (0..<9).map { photograph(height: 8, width: 8, seed: $0) }, shards: [0..<4, 4..<9]),
      PictureList((0..<6).map { photograph(height: 8, width: 8, seed: $0) }),
    ])
    var order = MixedOrder(count: all.count, seed: 1, shards: all.shards, mixture: nil)
    for epoch in 0..<3 {
      #expect(Set((0..<15).map { order.visit(epoch * 15 + $0).index }) == Set(0..<15))
    }
  }

  @Test func smallSharesAreNotForgotten() {
    let mixture = Mixture(parts: [0..<5, 5..<9], weights: [1e9, 1])
    var order = MixedOrder(count: 9, seed: 0, mixture: mixture)
    #expect((0..<1024).count { order.visit($0).index >= 5 } == 1)
  }

  @Test func batchesShowTheMixtureWithEveryImagesOwnView() throws {
    let all = MixedDataset([
      PictureList((0..<6).map { photograph(height: 30, width: 40, seed: $0) }),
      PictureList((6..<9).map { photograph(height: 30, width: 40, seed: $0) }),
    ])
    let mixture = Mixture(parts: all.parts, weights: [1, 3])
    func source(_ workers: Int) throws -> BatchSource {
      try BatchSource(
        all, policy: .sameInception, batchSize: 8, student: 16, seed: 3, mixture: mixture,
        options: LoaderOptions(workers: workers))
    }
    let (one, two) = (try source(1), try source(2))
    var second = 0
    for step in 0..<64 {
      let (a, b) = (try one.batch(step), try two.batch(step))
      #expect(a.indices == b.indices)
      #expect(a.student[16]?.array == b.student[16]?.array)
      second += a.indices.count { $0 >= 6 }
    }
    // 64 steps of 8 are half a block.
    #expect(abs(second - 384) < 40)
  }
}
