import FunMatchTorch

/// A convolution whose kernel is standardised per output filter before use, without bias, gain or
/// 1/√fan-in.
///
/// Source: big_vision `models/bit_paper.py`, `standardize` and `StdConv`; weight standardisation is
/// by Qiao et al.
public struct StandardizedConv2d: Layer {
  /// The kernel as trained, (out, in, k, k).
  public let weight: Parameter
  package let stride: Int
  package let epsilon: Double

  /// A k × k convolution padded so that stride 1 keeps the size.
  ///
  /// - Parameter epsilon: added to the variance: 1e-10 in the official models, 1e-8 in timm's.
  public init(
    _ path: Path, _ input: Int, _ output: Int, kernel: Int, stride: Int = 1, epsilon: Double
  ) {
    weight = path.parameter(
      "weight", [output, input, kernel, kernel], .standardizedKernel(epsilon: epsilon), .lecunNormal
    )
    self.stride = stride
    self.epsilon = epsilon
  }

  /// The kernel as it is used.
  package func kernel(_ dtype: DType = .f32) -> Tensor {
    weight.isFrozen ? weight.value : Self.standardize(weight.value, epsilon: epsilon, dtype)
  }

  /// (N, in, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉).
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }

  /// Kernels (out, in, kh, kw) less their mean over (in, kh, kw), divided by √(biased variance +
  /// ε).
  public static func standardize(
    _ kernel: Tensor, epsilon: Double, _ dtype: DType? = nil
  ) -> Tensor {
    kernel.asKernel(standardizedWith: epsilon, dtype ?? kernel.dtype)
  }
}
