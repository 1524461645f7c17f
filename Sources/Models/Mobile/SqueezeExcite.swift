import FunMatchNN
import FunMatchTorch

/// Squeeze and excitation (Hu et al., 2018) as MobileNetV3 has it: every channel times a hard sigmoid
/// of two layers of the channels' means, ReLU between them.
struct SqueezeExcite: Layer {
  private let reduce, expand: Conv2d

  init(_ path: Path, _ channels: Int, squeezed: Int, _ style: MobileStyle) {
    reduce = style.convolution(path / "conv_reduce", channels, squeezed, bias: true)
    expand = style.convolution(path / "conv_expand", squeezed, channels, bias: true)
  }

  /// (N, C, H, W) to the same shape.
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    let squeezed = Activation.relu(reduce(x.spatialMean(keepsSides: true), mode))
    return x * Activation.hardSigmoid(expand(squeezed, mode))
  }
}
