import FunMatchTorch

/// Group normalisation (Wu and He, 2018): groups of neighbouring channels, biased variance, ε
/// inside the root; with the ReLU that follows it, if one does.
public struct GroupNorm: Layer {
  /// Scale, (C).
  public let weight: Parameter
  /// Shift, (C).
  public let bias: Parameter
  package let groups: Int
  package let epsilon: Double
  package let relu: Bool

  /// Over `channels` in `groups`, which must divide them.
  public init(
    _ path: Path, _ channels: Int, groups: Int, epsilon: Double = 1e-5, relu: Bool = false
  ) {
    weight = path.parameter("weight", [channels], .vector, .ones)
    bias = path.parameter("bias", [channels], .vector, .zeros)
    self.groups = groups
    self.epsilon = epsilon
    self.relu = relu
  }

  /// (N, C, H, W) to the same shape and type.
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
