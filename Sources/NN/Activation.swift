import FunMatchTorch

/// A function of every value between two layers.
public enum Activation: Sendable {
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x · min(max(x + 3, 0), 6) / 6.
  case hardSwish
  /// min(max(x + 3, 0), 6) / 6.
  case hardSigmoid
  /// x · Φ(x), Φ being the normal distribution's, without an approximation.
  case gelu

  /// The function of every value of `x`.
  public func callAsFunction<S: Signal>(_ x: S) -> S { x.applying(self) }
}
