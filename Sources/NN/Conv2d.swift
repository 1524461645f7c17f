import FunMatchTorch

/// A convolution (cross-correlation) of feature maps.
public struct Conv2d: Layer {
  /// What is put around a feature map.
  public enum Padding: Sendable, Equatable {
    /// So many zeros on every side: k / 2 keeps the size at stride 1.
    case zeros(Int)
    /// TensorFlow's `SAME`: as many zeros as make ⌈size / stride⌉ places; the odd one goes below and
    /// to the right.
    case same

    /// Zeros before and after a side of `size` places.
    package func amounts(_ size: Int, kernel: Int, stride: Int) -> (before: Int, after: Int) {
      switch self {
      case .zeros(let count): return (count, count)
      case .same:
        let total = max(0, ((size + stride - 1) / stride - 1) * stride + kernel - size)
        return (total / 2, total - total / 2)
      }
    }
  }

  /// The kernel, (out, in / groups, k, k).
  public let weight: Parameter
  /// Added to each channel, (out); absent where a normalisation follows.
  public let bias: Parameter?
  package let stride: Int
  package let padding: Padding
  package let groups: Int

  /// A k × k convolution that keeps the size at stride 1.
  ///
  /// - Parameters:
  ///   - groups: parts of the channels that do not see each other; `input` makes it depth-wise.
  ///   - padding: (k - 1) / 2 zeros on every side without it.
  public init(
    _ path: Path, _ input: Int, _ output: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    padding: Padding? = nil, bias hasBias: Bool = false, _ initializer: Initializer = .lecunNormal
  ) {
    weight = path.parameter(
      "weight", [output, input / groups, kernel, kernel], .kernel, initializer)
    bias = hasBias ? path.parameter("bias", [output], .vector, .zeros) : nil
    self.stride = stride
    self.groups = groups
    self.padding = padding ?? .zeros((kernel - 1) / 2)
  }

  /// Height and width of the kernel.
  package var kernel: Int { weight.value.shape[2] }

  /// The kernel as it is used: in training one pass makes what forward and backward convolutions else make each.
  func kernel(_ mode: Mode) -> Tensor {
    let value = weight.value
    let isDense = value.shape[1] > 1 && value.shape[2] * value.shape[3] > 1
    guard mode.isTraining, !weight.isFrozen, value.dtype == .f32, isDense || mode.precision != .f32
    else { return value }
    return value.asKernel(mode.precision)
  }

  /// What is added to each channel, (out): its bias, or what a normalisation that became part of it left.
  package var shift: Tensor? { weight.shift ?? bias?.value }

  /// The convolution of (N, in, H, W) with a kernel like its own.
  package func convolve(_ x: Tensor, _ values: Tensor, _ shift: Tensor?) -> Tensor {
    let size = x.shape
    let rows = padding.amounts(size[2], kernel: kernel, stride: stride)
    let columns = padding.amounts(size[3], kernel: kernel, stride: stride)
    let isEven = rows == columns && rows.before == rows.after
    let x =
      isEven ? x : x.padded(left: columns.before, columns.after, top: rows.before, rows.after)
    return x.conv2d(
      values, bias: shift, stride: stride, padding: isEven ? rows.before : 0, groups: groups)
  }

  /// (N, in, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉) where the padding keeps the size.
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
