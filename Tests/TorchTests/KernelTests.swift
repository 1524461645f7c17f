import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Kernels as convolutions use them, against libtorch's double precision.
struct KernelTests {
  private static func weight(_ shape: [Int]) -> Tensor {
    Torch.withSeed(UInt64(shape[1])) { Tensor.randn(shape) * 0.1 + 0.02 }
  }

  /// What it gives, and the gradient of a sum of it with weights.
  private static func run(
    _ weight: Tensor, _ epsilon: Double?, _ dtype: DType
  ) -> (kernel: Tensor, gradient: Tensor) {
    let leaf = weight.detached().clone()
    leaf.requiresGradient = true
    let kernel = leaf.asKernel(standardizedWith: epsilon, dtype)
    let weights = Torch.withSeed(1003) { Tensor.randn(weight.shape) }.to(.bf16).to(dtype)
    return (kernel.detached(), (kernel * weights).sum().gradients(of: [leaf])[0])
  }

  @Test(
    arguments: [
      [8, 3, 3, 3], [5, 7, 1, 1], [64, 48, 1, 1], [4, 512, 3, 3], [2, 1, 5, 5], [3, 17, 1, 7],
    ],
    [nil, 1e-10])
  func itIsWhatDoublePrecisionGives(shape: [Int], epsilon: Double?) {
    let weight = Self.weight(shape)
    let wide = Self.run(weight.to(.f64), epsilon, .f64)
    let single = Self.run(weight, epsilon, .f32)
    #expect(relativeDifference(single.kernel, expected: wide.kernel) < 1e-6)
    #expect(relativeDifference(single.gradient, expected: wide.gradient) < 1e-6)
    #expect(single.gradient.dtype == .f32)

    // Rounded once.
    let narrow = Self.run(weight, epsilon, .bf16)
    #expect(narrow.kernel.dtype == .bf16)
    #expect(maximumDifference(narrow.kernel, single.kernel.to(.bf16)) == 0)
    #expect(relativeDifference(narrow.gradient, expected: wide.gradient) < 1e-6)
  }

  @Test func convolutionsTakeItAsItLies() {
    let (weight, x) = (
      Self.weight([6, 5, 3, 3]), Torch.withSeed(1) { Tensor.randn([2, 5, 8, 8]) }
    )
    let plain = x.channelsLast.conv2d(weight, padding: 1)
    #expect(
      maximumDifference(x.channelsLast.conv2d(weight.asKernel(.f32), padding: 1), plain) < 1e-6)
  }

  @Test func whatIsNotANumberStays() {
    let values = (0..<32).map { $0 == 3 ? Float.nan : Float($0 % 7) }
    let weight = Tensor(values, shape: [2, 4, 2, 2])
    let kernel = weight.asKernel(standardizedWith: 1e-10, .bf16).to(.f32).contiguous
      .array(as: Float.self)
    #expect(kernel[..<16].allSatisfy(\.isNaN) && kernel[16...].allSatisfy(\.isFinite))
  }
}
