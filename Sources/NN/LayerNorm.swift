import FunMatchTorch

/// Layer normalisation (Ba et al., 2016) over the last dimension: biased variance, ε inside the root.
public struct LayerNorm: Layer {
  /// Scale, (C).
  public let weight: Parameter
  /// Shift, (C).
  public let bias: Parameter
  package let epsilon: Double

  /// Over `channels`.
  public init(_ path: Path, _ channels: Int, epsilon: Double = 1e-6) {
    weight = path.parameter("weight", [channels], .vector, .ones)
    bias = path.parameter("bias", [channels], .vector, .zeros)
    self.epsilon = epsilon
  }

  /// (…, C) to the same shape.
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
