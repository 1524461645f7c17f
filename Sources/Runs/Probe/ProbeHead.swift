import FunMatchTorch

/// A linear layer over features: logits are x · weightᵀ + bias. f64.
package struct ProbeHead {
  /// (classes, features).
  package let weight: Tensor
  /// (classes).
  package let bias: Tensor

  /// Both named.
  package init(weight: Tensor, bias: Tensor) { (self.weight, self.bias) = (weight, bias) }

  /// As one tensor (classes, features + 1), the bias in the last column.
  package init(_ point: Tensor) {
    let width = point.shape[1] - 1
    weight = point.narrowed(1, 0..<width)
    bias = point.narrowed(1, width..<width + 1).reshaped([-1])
  }

  /// Logits (N, classes) of features (N, features).
  package func callAsFunction(_ features: Tensor) -> Tensor {
    features.matmul(weight.permuted([1, 0])) + bias
  }

  /// The same layer for features that are not scaled, with its logits multiplied.
  package func unscaled(_ scaling: FeatureScaling, times scale: Double) -> ProbeHead {
    let weight = self.weight / scaling.deviation
    let shift = weight.matmul(scaling.mean.permuted([1, 0])).reshaped([-1])
    return ProbeHead(weight: weight * scale, bias: (bias - shift) * scale)
  }

  /// The same with its values rounded to f32.
  package var rounded: ProbeHead {
    ProbeHead(weight: weight.to(.f32).to(.f64), bias: bias.to(.f32).to(.f64))
  }
}
