import FunMatchDistillation
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct GoldenMixupTests {
  @Test func imagesAndLabelsAreMixedAlike() throws {
    let arrays = try Golden.npz("mixup.npz")
    let lambda = try #require(arrays["lam"]).item
    for name in ["image", "labels"] {
      let x = try #require(arrays[name])
      let expected = try #require(arrays["mixed_" + name])
      #expect(maximumDifference(Mixup.mix(x, x.rolled(1), lambda: lambda), expected) < 1e-6)
    }
    let partners = try #require(arrays["partner_index"]).array(as: Int64.self)
    let numbers = Tensor(Array(0..<Int64(partners.count)))
    #expect(numbers.rolled(1).array(as: Int64.self) == partners)
    #expect(
      partners.indices.map { Int64(Mixup.partner(of: $0, count: partners.count)) } == partners)
  }

  @Test func lambdasAreDistributedAsTheOfficialOnes() throws {
    let json = try Golden.json("mixup_lambda_distribution.json")
    let count = try #require(json["n"] as? Int)
    let wanted = try #require(json["percentiles"] as? [Double])
    let distributions = try #require(json["by_p"] as? [String: [String: Any]])
    try #require(!distributions.isEmpty)
    for (name, expected) in distributions {
      let mixup = Mixup(try #require(Double(name)), seed: 17)
      let sorted = (0..<count).map { mixup.lambda(step: $0) }.sorted()
      for (percent, value) in zip(wanted, try #require(expected["percentiles"] as? [Double])) {
        let place = Int((percent / 100 * Double(count - 1)).rounded())
        #expect(abs(sorted[place] - value) < 0.02, "p = \(name), percentile \(percent)")
      }
      #expect(sorted[0] >= 0.5 && sorted[count - 1] <= 1)
    }
  }

  @Test func lambdaDependsOnSeedAndStepAlone() {
    #expect(Mixup(1, seed: 1).lambda(step: 5) == Mixup(1, seed: 1).lambda(step: 5))
    #expect(Mixup(1, seed: 1).lambda(step: 5) != Mixup(1, seed: 1).lambda(step: 6))
    #expect(Mixup(1, seed: 1).lambda(step: 5) != Mixup(1, seed: 2).lambda(step: 5))
    #expect(Mixup(0, seed: 1).lambda(step: 5) == 1)
  }
}
