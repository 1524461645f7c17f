import FunMatchTorch

/// x · weightᵀ + bias.
public struct Linear: Layer {
  /// (out, in), or (out, in, 1, 1) where checkpoints keep it as a convolution's.
  public let weight: Parameter
  /// (out).
  public let bias: Parameter

  /// - Parameters:
  ///   - kind: `.headKernel` for the last layer, which stays in single precision.
  ///   - isConvolution: whether the weight's shape is that of a 1 × 1 convolution.
  public init(
    _ path: Path, _ input: Int, _ output: Int, _ kind: Parameter.Kind = .kernel,
    isConvolution: Bool = false, _ initializer: Initializer = .lecunNormal
  ) {
    let shape = isConvolution ? [output, input, 1, 1] : [output, input]
    weight = path.parameter("weight", shape, kind, initializer)
    bias = path.parameter("bias", [output], .vector, .zeros)
  }

  /// The weight as a matrix, (out, in).
  package var matrix: Tensor {
    weight.value.shape.count == 2
      ? weight.value : weight.value.reshaped([weight.value.shape[0], -1])
  }

  /// (…, in) to (…, out).
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
