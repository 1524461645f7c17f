import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Normalisation and activation in one, against libtorch's kernels for double precision.
struct BatchNormTests {
  private struct Result {
    let output, images, weight, bias, mean, variance: Tensor
  }

  private static func run(
    _ x: Tensor, _ dtype: DType, _ activation: Tensor.NormActivation
  ) -> Result {
    let channels = x.shape[1]
    let (images, weight, bias, mean, variance, gradient) = Torch.withSeed(UInt64(channels)) {
      (
        x, Tensor.rand([channels]) + 0.5, Tensor.randn([channels]), Tensor.randn([channels]),
        Tensor.rand([channels]) + 0.5, Tensor.randn(x.shape)
      )
    }
    let leaves = [images, weight.to(dtype), bias.to(dtype)].map { $0.detached().clone() }
    for leaf in leaves { leaf.requiresGradient = true }
    let running = [mean, variance].map { $0.to(dtype).clone() }
    let y = leaves[0].batchNorm(
      weight: leaves[1], bias: leaves[2], mean: running[0], variance: running[1], isTraining: true,
      momentum: 0.1, epsilon: 1e-3, activation: activation)
    let gradients = (y * gradient.to(y.dtype)).sum().gradients(of: leaves)
    return Result(
      output: y.detached(), images: gradients[0], weight: gradients[1], bias: gradients[2],
      mean: running[0], variance: running[1])
  }

  private static func images(_ shape: [Int]) -> Tensor {
    Torch.withSeed(UInt64(shape[2])) { Tensor.randn(shape) * 3 + 5 }.channelsLast
  }

  private func compare(_ a: Result, _ b: Result, within limit: Double, _ words: String) {
    for (name, path) in [
      ("output", \Result.output), ("images", \.images), ("weight", \.weight), ("bias", \.bias),
      ("mean", \.mean), ("variance", \.variance),
    ] {
      let difference = relativeDifference(a[keyPath: path], expected: b[keyPath: path])
      #expect(difference < limit, "\(words): \(name) differs by \(difference)")
    }
  }

  /// Channels that fill rows, that do not, and more of them than a row has; places that do not fill one.
  @Test(
    arguments: [[4, 3, 7, 5], [2, 16, 9, 9], [5, 40, 1, 1], [3, 300, 3, 2], [1, 24, 13, 6]],
    [Tensor.NormActivation.none, .relu, .relu6, .hardSwish])
  func itIsWhatDoublePrecisionGives(shape: [Int], activation: Tensor.NormActivation) {
    let x = Self.images(shape)
    let wide = Self.run(x.to(.f64), .f64, activation)
    compare(Self.run(x, .f32, activation), wide, within: 1e-5, "f32")
    // Images and what becomes of them have eight binary digits; a gradient is rounded before sums and after.
    let narrow = x.to(.bf16)
    compare(
      Self.run(narrow, .f32, activation), Self.run(narrow.to(.f64), .f64, activation),
      within: 1 / 64, "bf16")
  }

  @Test func planesGiveTheSame() {
    let x = Self.images([3, 20, 6, 7])
    compare(
      Self.run(x.contiguous, .f32, .relu), Self.run(x, .f32, .relu), within: 1e-7, "contiguous")
  }

  @Test func whatIsNotANumberStays() {
    let values = (0..<64).map { $0 == 9 ? Float.nan : Float($0) }
    let x = Tensor(values, shape: [2, 2, 4, 4]).channelsLast
    let result = Self.run(x, .f32, .relu6).output.array(as: Float.self)
    #expect(result[0..<16].allSatisfy(\.isNaN) && result[32..<48].allSatisfy(\.isNaN))
    #expect(result[16..<32].allSatisfy(\.isFinite) && result[48..<64].allSatisfy(\.isFinite))
  }

  /// The number of threads belongs to the process, so it is changed in one of its own.
  @Test func bitsDoNotDependOnTheNumberOfThreads() async {
    await #expect(processExitsWith: .success) {
      let x = Self.images([5, 24, 17, 9])
      let results = [1, 2, 3].map { threads in
        Torch.threads = threads
        return Self.run(x, .f32, .hardSwish)
      }
      for other in results.dropFirst() {
        for path in [\Result.output, \.images, \.weight, \.bias, \.mean, \.variance] {
          #expect(maximumDifference(other[keyPath: path], results[0][keyPath: path]) == 0)
        }
      }
    }
  }
}
