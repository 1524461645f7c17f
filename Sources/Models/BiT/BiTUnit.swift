import FunMatchNN
import FunMatchTorch

/// One pre-activation bottleneck: 1×1, 3×3 (with the stride), 1×1, the way around projected where
/// shapes change.
///
/// Source: big_vision `models/bit_paper.py`, `ResidualUnit`.
struct BiTUnit: Layer {
  private let norm1, norm2, norm3: GroupNorm
  private let conv1, conv2, conv3: StandardizedConv2d
  private let projection: StandardizedConv2d?

  init(
    _ path: Path, _ input: Int, _ middle: Int, stride: Int, groups: Int, epsilon: Double
  ) {
    let output = 4 * middle
    func conv(_ name: String, _ from: Int, _ to: Int, _ kernel: Int, _ stride: Int = 1)
      -> StandardizedConv2d
    {
      StandardizedConv2d(path / name, from, to, kernel: kernel, stride: stride, epsilon: epsilon)
    }
    projection =
      input != output || stride != 1
      ? StandardizedConv2d(
        path / "downsample" / "conv", input, output, kernel: 1, stride: stride, epsilon: epsilon)
      : nil
    norm1 = GroupNorm(path / "norm1", input, groups: groups, relu: true)
    conv1 = conv("conv1", input, middle, 1)
    norm2 = GroupNorm(path / "norm2", middle, groups: groups, relu: true)
    conv2 = conv("conv2", middle, middle, 3, stride)
    norm3 = GroupNorm(path / "norm3", middle, groups: groups, relu: true)
    conv3 = conv("conv3", middle, output, 1)
  }

  /// (N, in, H, W) to (N, 4 · middle, ⌈H / stride⌉, ⌈W / stride⌉).
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    let y = norm1(x, mode)
    let around = projection.map { $0(y, mode) } ?? x
    var z = conv1(y, mode)
    z = conv2(norm2(z, mode), mode)
    z = conv3(norm3(z, mode), mode)
    return around + z
  }
}
