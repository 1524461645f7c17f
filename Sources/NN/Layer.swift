import FunMatchTorch

/// A part of a network: parameters registered in a `ParameterStore` and what is done with them.
public protocol Layer {
  /// The layer's output for `x`.
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S
}
