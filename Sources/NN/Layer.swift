import FunMatchTorch

/// A part of a network: parameters registered in a `ParameterStore` and what is computed with them.
public protocol Layer {
  /// The layer's output for `x`.
  func callAsFunction(_ x: Tensor, _ mode: Mode) -> Tensor
}
