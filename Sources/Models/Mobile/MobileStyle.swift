import FunMatchNN
import FunMatchTorch

/// What the convolutions of a network for phones have in common.
struct MobileStyle {
  /// What normalises after a convolution.
  enum Norm {
    case batch(epsilon: Double)
    case group(Int)
  }

  var norm: Norm
  /// Around feature maps; `nil` is as many zeros on every side as keep the size.
  var padding: Conv2d.Padding?

  /// A convolution whose kernel is normal with variance 2 / fan-out.
  ///
  /// Source: the TensorFlow models' `conv_kernel_initializer`, of depth-wise kernels a channel at a
  /// time, as timm has it.
  func convolution(
    _ path: Path, _ input: Int, _ output: Int, kernel: Int = 1, stride: Int = 1, groups: Int = 1,
    bias: Bool = false
  ) -> Conv2d {
    let fanOut = Double(kernel * kernel * output / groups)
    return Conv2d(
      path, input, output, kernel: kernel, stride: stride, groups: groups, padding: padding,
      bias: bias, .normal((2 / fanOut).squareRoot()))
  }
}
