import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct BatchNormTests {
  private func network() -> (store: ParameterStore, convolution: Conv2d, norm: BatchNorm2d) {
    let store = ParameterStore()
    let convolution = Torch.withSeed(1) {
      Conv2d(store.root / "conv", 4, 8, kernel: 3, stride: 2, groups: 2, padding: .same)
    }
    let norm = BatchNorm2d(store.root / "bn", 8, after: convolution, epsilon: 1e-3)
    Torch.withSeed(2) {
      norm.weight.value.copy(from: Tensor.rand([8]) + 0.5)
      norm.bias.value.copy(from: Tensor.randn([8]))
      norm.runningMean.value.copy(from: Tensor.randn([8]))
      norm.runningVariance.value.copy(from: Tensor.rand([8]) + 0.5)
    }
    return (store, convolution, norm)
  }

  private let images = Torch.withSeed(3) { Tensor.randn([3, 4, 7, 10]) }

  @Test(arguments: [DType.f32, .bf16])
  func aFrozenOneBecomesPartOfItsConvolution(precision: DType) {
    let (store, convolution, norm) = network()
    let mode = Mode.evaluation(precision)
    func run() -> Tensor {
      withAutocast(precision, on: .cpu) {
        norm(convolution(images.to(precision), mode), mode).to(.f32)
      }
    }
    let before = run().detached()
    store.freeze(precision)
    let after = run()
    #expect(before.shape == [3, 8, 4, 5])
    // Sums of eighteen products in single precision; in bf16 the kernel, the sums and what becomes of them
    // are rounded, each by half an ulp at most.
    let largest = before.magnitude().array(as: Float.self).max() ?? 0
    let ulp = Double(largest.ulp) * (precision == .f32 ? 1 : 65_536)
    #expect(maximumDifference(after, before) <= (precision == .f32 ? 18 : 2) * ulp)
    store.freeze(precision)
    #expect(maximumDifference(run(), after) == 0, "once is enough")
  }

  /// The definition, in double precision.
  @Test func trainingTakesTheBatchAndTheRunningOnesFollow() {
    let (store, convolution, norm) = network()
    store.requireGradients()
    let x = convolution(images, .training(.f32)).detached()
    let before = (norm.runningMean.value.clone(), norm.runningVariance.value.clone())
    let y = norm(x, .training(.f32)).detached()
    let wide = x.to(.f64)
    let count = Double(x.count / 8)
    let mean = wide.mean([0, 2, 3])
    let variance = (wide - mean.reshaped([1, 8, 1, 1])).squared().mean([0, 2, 3])
    let expected =
      (wide - mean.reshaped([1, 8, 1, 1]))
      / (variance + 1e-3).squareRoot().reshaped([1, 8, 1, 1])
      * norm.weight.value.to(.f64).reshaped([1, 8, 1, 1])
      + norm.bias.value.to(.f64).reshaped([1, 8, 1, 1])
    #expect(maximumDifference(y, expected) < 1e-5)
    let unbiased = variance * (count / (count - 1))
    for (running, old, new) in [
      (norm.runningMean, before.0, mean), (norm.runningVariance, before.1, unbiased),
    ] {
      #expect(maximumDifference(running.value, old.to(.f64) * 0.9 + new * 0.1) < 1e-5)
    }
  }

  /// One value has no variance: the statistics would become NaN.
  @Test func aSingleValueAChannelLeavesTheStatisticsAlone() {
    let (store, _, norm) = network()
    store.requireGradients()
    let x = Tensor.ones([1, 8, 1, 1])
    let before = norm.runningVariance.value.clone()
    let y = norm(x, .training(.f32)).detached()
    #expect(maximumDifference(y, norm(x, .evaluation(.f32))) == 0)
    #expect(maximumDifference(norm.runningVariance.value, before) == 0)
  }

  @Test(arguments: ["bn.running", "bn.running_mean", "bn.running_var"])
  func frozenStatisticsAreTakenInTrainingToo(frozen: String) {
    let (store, convolution, norm) = network()
    store.requireGradients { $0.hasPrefix(frozen) }
    let x = convolution(images, .training(.f32)).detached()
    let mean = norm.runningMean.value.clone()
    let trained = norm(x, .training(.f32)).detached()
    #expect(maximumDifference(trained, norm(x, .evaluation(.f32))) == 0)
    #expect(maximumDifference(norm.runningMean.value, mean) == 0)
  }

  /// Sides and the first value as TensorFlow's `SAME` has them: the odd zero is below and to the
  /// right.
  @Test(arguments: [(7, 3, 2, 4), (8, 3, 2, 4), (9, 5, 2, 5), (10, 5, 1, 10), (1, 5, 2, 1)])
  func samePaddingIsTensorFlows(size: Int, kernel: Int, stride: Int, output: Int) {
    let store = ParameterStore()
    let convolution = Conv2d(
      store.root, 1, 1, kernel: kernel, stride: stride, padding: .same, .ones)
    let y = convolution(Tensor.ones([1, 1, size, size]), .evaluation(.f32))
    #expect(y.shape == [1, 1, output, output])
    let total = max(0, (output - 1) * stride + kernel - size)
    let seen = Double(min(kernel - total / 2, size))
    #expect(y.array(as: Double.self)[0] == seen * seen)
  }
}
