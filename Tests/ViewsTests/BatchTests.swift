import FunMatchDatasets
import FunMatchImages
import FunMatchViews
import Testing

/// Images whose pixels tell which they are and where.
private struct NumberedImages: Dataset {
  let count: Int
  var classNames: [String] { ["even", "odd"] }
  func image(at index: Int) -> PixelImage {
    var pixels: [UInt8] = []
    for y in 0..<20 {
      for x in 0..<16 { pixels += [UInt8(index), UInt8(y * 10), UInt8(x * 10)] }
    }
    return PixelImage(height: 20, width: 16, pixels: pixels)
  }
  func label(at index: Int) -> Int? { index % 2 }
}

struct BatchTests {
  private func source(
    _ policy: ViewPolicy = ViewPolicy(), count: Int = 10, batch: Int = 4, resolutions: [Int] = [12],
    seed: UInt64 = 3
  ) throws -> BatchSource {
    try BatchSource(
      NumberedImages(count: count), policy: policy, batchSize: batch, resolutions: resolutions,
      seed: seed)
  }

  @Test func everyEpochShowsEveryImageOnceAndBatchesCrossItsBorder() throws {
    let source = try source()
    var seen: [Int] = []
    for step in 0..<5 { seen += try source.batch(step).indices }
    #expect(seen.count == 20)
    #expect(seen[..<10].sorted() == Array(0..<10))
    #expect(seen[10...].sorted() == Array(0..<10))
    #expect(Array(seen[..<10]) != Array(seen[10...]))
  }

  @Test func aBatchDependsOnTheStepAlone() throws {
    let forward = try source()
    let batches = try (0..<6).map { try forward.batch($0) }
    let backward = try source()
    for step in (0..<6).reversed() {
      let batch = try backward.batch(step)
      #expect(batch.pixels == batches[step].pixels)
      #expect(batch.indices == batches[step].indices)
      #expect(batch.labels == batch.indices.map { $0 % 2 })
    }
    let other = try source(seed: 4).batch(0)
    #expect(other.pixels != batches[0].pixels)
  }

  @Test func anImageIsSeenDifferentlyInEveryEpoch() throws {
    let policy = ViewPolicy()
    let views = (0..<50).map {
      policy.view(height: 20, width: 16, size: 12, seed: 1, epoch: $0, index: 5)
    }
    #expect(Set(views.map { "\($0)" }).count > 40)
    let flips = (0..<2000).count {
      policy.view(height: 20, width: 16, size: 12, seed: 1, epoch: $0, index: 5).flip
    }
    #expect(abs(flips - 1000) < 140)
  }

  @Test func theSamePartIsSeenAtEveryResolution() throws {
    for crop in [
      Crop.inception(areaMin: 0.3, areaMax: 1), .random(resize: 16), .center(resize: 16),
    ] {
      let source = try source(ViewPolicy(crop: crop), batch: 8, resolutions: [8, 16])
      let batch = try source.batch(0)
      let small = try #require(batch.pixels[8])
      let large = try #require(batch.pixels[16])
      for image in 0..<8 {
        // Mean row and column coordinates of the part, which the second and third channel hold.
        for channel in 1...2 {
          func mean(_ pixels: [UInt8], _ size: Int) -> Double {
            let first = image * size * size
            var sum = 0
            for pixel in first..<first + size * size { sum += Int(pixels[pixel * 3 + channel]) }
            return Double(sum) / Double(size * size)
          }
          #expect(abs(mean(small, 8) - mean(large, 16)) < 7)
        }
      }
    }
  }

  @Test func centerCropsAreTheCenter() throws {
    let policy = ViewPolicy(policy: .same, crop: .center(resize: 16), flip: false)
    #expect(policy.mixup == 0)
    let view = policy.view(height: 16, width: 16, size: 12, seed: 1, epoch: 0, index: 0)
    #expect(view.geometry == .window(resize: 16, y: 2, x: 2, size: 12))
  }

  @Test func impossiblePoliciesAreRefused() throws {
    for policy in [
      ViewPolicy(crop: .inception(areaMin: 0, areaMax: 1)),
      ViewPolicy(crop: .inception(areaMin: 0.5, areaMax: 0.4)),
      ViewPolicy(crop: .random(resize: 8)), ViewPolicy(mixup: -1),
    ] {
      #expect(throws: ViewError.self) { try source(policy) }
    }
    #expect(throws: ViewError.self) { try source(batch: 0) }
    #expect(throws: ViewError.self) { try source(count: 0) }
  }
}
