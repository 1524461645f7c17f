import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// The fused update against the same arithmetic written plainly.
@Suite struct AdamStepTests {
  /// More than one of the pieces that the kernel works in, and no multiple of a vector.
  static let count = 10_007

  private static func pattern(_ scale: Float, _ offset: Int) -> [Float] {
    (0..<count).map { scale * Float(($0 * 37 + offset * 101) % 199 - 99) / 99 }
  }

  private static func step(_ number: Int, scale: Double = 1) -> AdamStep {
    AdamStep(
      learningRate: 0.003, decay: 3e-4, multiplier: 0.4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
      count: number, gradientScale: scale)
  }

  /// Rounded to bf16, to nearest and ties to even.
  private static func bf16(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
  }

  struct Plain {
    var weight = AdamStepTests.pattern(0.5, 1)
    var mu = [Float](repeating: 0, count: AdamStepTests.count)
    var nu = [Float](repeating: 0, count: AdamStepTests.count)

    mutating func apply(_ step: AdamStep, _ gradient: [Float], narrow: Bool) -> (Double, Double) {
      let beta1 = narrow ? AdamStepTests.bf16(0.9) : Float(0.9)
      let beta2 = Float(0.999)
      let correction1 = 1 - powf(Float(step.beta1), Float(step.count))
      let correction2 = 1 - powf(Float(step.beta2), Float(step.count))
      var squares = (0.0, 0.0)
      for i in weight.indices {
        let g = gradient[i] * Float(step.gradientScale)
        let m = beta1 * mu[i] + Float(1 - step.beta1) * g
        nu[i] = beta2 * nu[i] + Float(1 - step.beta2) * g * g
        let direction = (m / correction1) / ((nu[i] / correction2).squareRoot() + 1e-8)
        let change = -Float(step.multiplier) * (0.003 * direction + 3e-4 * weight[i])
        weight[i] += change
        mu[i] = narrow ? AdamStepTests.bf16(m) : m
        squares.0 += Double(weight[i]) * Double(weight[i])
        squares.1 += Double(change) * Double(change)
      }
      return squares
    }
  }

  @Test(arguments: [DType.f32, .bf16])
  func agreesWithAPlainLoop(moment: DType) {
    var plain = Plain()
    let weight = Tensor(plain.weight)
    let mu = Tensor.zeros([Self.count], dtype: moment)
    let nu = Tensor.zeros([Self.count])
    for number in 1...6 {
      let step = Self.step(number, scale: number == 4 ? 0.25 : 1)
      let gradient = Self.pattern(0.1 * Float(number), number)
      let expected = plain.apply(step, gradient, narrow: moment == .bf16)
      let squares = step.apply(weight: weight, gradient: Tensor(gradient), mu: mu, nu: nu)
      #expect(abs(squares.weightSquares / expected.0 - 1) < 1e-6)
      #expect(abs(squares.updateSquares / expected.1 - 1) < 1e-5)
    }
    // A rounding of the sixth bf16 moment may go the other way where the compiler fuses a
    // multiply-add.
    #expect(maximumDifference(weight, Tensor(plain.weight)) < (moment == .f32 ? 1e-6 : 1e-5))
    #expect(maximumDifference(nu, Tensor(plain.nu)) < 1e-8)
    #expect(relativeDifference(mu, expected: Tensor(plain.mu)) < (moment == .f32 ? 1e-6 : 1e-2))
    #expect(maximumDifference(weight, Tensor(Plain().weight)) > 1e-3)
    #expect(mu.dtype == moment)
  }

  @Test func walksChannelsLastMemory() {
    let start = Fixture.tensor([4, 3, 5, 5])
    let gradient = Fixture.tensor([4, 3, 5, 5]) * 0.3
    let run = { (last: Bool) -> Tensor in
      let place = { (x: Tensor) in last ? x.clone().channelsLast : x.clone() }
      let weight = place(start)
      let (mu, nu) = (place(.zeros(start.shape)), place(.zeros(start.shape)))
      // The gradient comes in the other layout.
      let step = Self.step(1)
      _ = step.apply(
        weight: weight, gradient: last ? gradient : gradient.channelsLast, mu: mu, nu: nu)
      return weight
    }
    #expect(maximumDifference(run(true), run(false)) == 0)
    #expect(maximumDifference(run(true), start) > 0)
  }

  /// The update is not recorded, also for a weight that gradients are wanted for.
  @Test func updatesAParameter() {
    let weight = Tensor.ones([3])
    weight.requiresGradient = true
    (weight * 2).sum().backward()
    let (mu, nu) = (Tensor.zeros([3]), Tensor.zeros([3]))
    guard let gradient = weight.gradient else {
      Issue.record("no gradient")
      return
    }
    _ = Self.step(1).apply(weight: weight, gradient: gradient, mu: mu, nu: nu)
    // The first direction is the gradient's sign: 1 - 0.4 (0.003 + 0.0003)
    #expect(maximumDifference(weight, .full([3], 0.99868)) < 1e-6)
    #expect(weight.requiresGradient)
  }

  @Test func resultsDoNotDependOnThreads() async {
    await #expect(processExitsWith: .success) {
      let run = { (threads: Int) -> (Tensor, Double, Double) in
        Torch.threads = threads
        let weight = Fixture.tensor([1_000_003])
        let (mu, nu) = (Tensor.zeros([1_000_003]), Tensor.zeros([1_000_003]))
        let step = AdamStep(
          learningRate: 0.003, decay: 3e-4, multiplier: 1, beta1: 0.9, beta2: 0.999,
          epsilon: 1e-8, count: 1, gradientScale: 1)
        let squares = step.apply(
          weight: weight, gradient: Fixture.tensor([1_000_003]) * 0.1, mu: mu, nu: nu)
        return (weight, squares.weightSquares, squares.updateSquares)
      }
      let (one, three) = (run(1), run(3))
      #expect(same(one.0, three.0))
      #expect(one.1 == three.1 && one.2 == three.2)
    }
  }
}
