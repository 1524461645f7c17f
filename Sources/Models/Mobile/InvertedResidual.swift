import FunMatchNN
import FunMatchTorch

/// A `MobileBlock`: the inverted residual of MobileNetV2 (Sandler et al., 2018), or the depth-wise
/// separable block of MobileNetV1 where nothing expands.
struct InvertedResidual: Layer {
  private let expansion: ConvNorm?
  private let depthwise, projection: ConvNorm
  private let squeeze: SqueezeExcite?
  private let isResidual: Bool

  init(_ path: Path, _ block: MobileBlock, _ style: MobileStyle) {
    let middle = block.middle
    let expands = block.expanded != nil
    expansion =
      expands
      ? ConvNorm(path, ("conv_pw", "bn1"), block.input, middle, style, block.activation) : nil
    depthwise = ConvNorm(
      path, ("conv_dw", expands ? "bn2" : "bn1"), middle, middle, kernel: block.kernel,
      stride: block.stride, groups: middle, style, block.activation)
    squeeze = block.squeezed.map { SqueezeExcite(path / "se", middle, squeezed: $0, style) }
    projection = ConvNorm(
      path, expands ? ("conv_pwl", "bn3") : ("conv_pw", "bn2"), middle, block.output, style, nil)
    isResidual = block.isResidual
  }

  /// (N, in, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉).
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    var y = depthwise(expansion.map { $0(x, mode) } ?? x, mode)
    y = squeeze.map { $0(y, mode) } ?? y
    y = projection(y, mode)
    return isResidual ? y + x : y
  }
}
