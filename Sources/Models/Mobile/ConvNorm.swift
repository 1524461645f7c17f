import FunMatchNN
import FunMatchTorch

/// A convolution, its normalisation and the function that follows, if one does.
struct ConvNorm: Layer {
  private let convolution: Conv2d
  private let norm: any Layer
  private let activation: Activation?

  /// The two layers are called `names` below `path`.
  init(
    _ path: Path, _ names: (convolution: String, norm: String), _ input: Int, _ output: Int,
    kernel: Int = 1, stride: Int = 1, groups: Int = 1, _ style: MobileStyle,
    _ activation: Activation?
  ) {
    convolution = style.convolution(
      path / names.convolution, input, output, kernel: kernel, stride: stride, groups: groups)
    switch style.norm {
    case .batch(let epsilon):
      norm = BatchNorm2d(
        path / names.norm, output, after: convolution, epsilon: epsilon, activation: activation)
      self.activation = nil
    case .group(let groups):
      let isReLU = activation == .relu
      norm = GroupNorm(path / names.norm, output, groups: groups, relu: isReLU)
      self.activation = isReLU ? nil : activation
    }
  }

  /// (N, in, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉).
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    let y = norm(convolution(x, mode), mode)
    return activation.map { $0(y) } ?? y
  }
}
