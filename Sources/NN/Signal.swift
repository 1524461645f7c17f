import FunMatchTorch

/// What flows through a network. A network is written once, for any of these: tensors, which
/// compute; `CostSignal`, which counts; nodes of a graph, which export it.
///
/// Shapes are those of tensors: feature maps (N, C, H, W), tokens (N, T, C), rows (N, C).
public protocol Signal {
  /// See the layers for what they do.
  func applying(_ layer: Conv2d, _ mode: Mode) -> Self
  /// See the layer.
  func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> Self
  /// See the layer.
  func applying(_ layer: GroupNorm, _ mode: Mode) -> Self
  /// See the layer.
  func applying(_ layer: BatchNorm2d, _ mode: Mode) -> Self
  /// See the layer.
  func applying(_ layer: LayerNorm, _ mode: Mode) -> Self
  /// See the layer.
  func applying(_ layer: Linear, _ mode: Mode) -> Self
  /// The function of every value.
  func applying(_ activation: Activation) -> Self
  /// Largest value of every window of a feature map, padded with -∞ or with zeros.
  func maxPooled(kernel: Int, stride: Int, padding: Int, withZeros: Bool) -> Self
  /// Mean over the places of a feature map, f32: (N, C), or (N, C, 1, 1) if it keeps the sides.
  func spatialMean(keepsSides: Bool) -> Self
  /// Element-wise sum of two of the same shape.
  static func + (a: Self, b: Self) -> Self
  /// Element-wise product; sides of 1 are stretched.
  static func * (a: Self, b: Self) -> Self

  /// The places of a feature map as tokens, row by row: (N, C, H, W) to (N, H · W, C).
  func tokens() -> Self
  /// Tokens with one more, (1, 1, C), in front.
  func prepending(_ token: Parameter) -> Self
  /// Tokens plus (1, T, C).
  func adding(_ values: Parameter) -> Self
  /// Scaled dot product attention: (N, T, 3 · C) of queries, keys and values, each of `heads` equal
  /// parts, to (N, T, C).
  func attended(heads: Int) -> Self
  /// Token `index` alone: (N, C).
  func token(_ index: Int) -> Self
  /// Mean of the tokens from `first` on: (N, C).
  func tokenMean(from first: Int) -> Self
}
