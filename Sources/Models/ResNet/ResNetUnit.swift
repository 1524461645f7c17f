import FunMatchNN
import FunMatchTorch

/// A residual unit of two 3×3 convolutions, or of 1×1, 3×3 and 1×1, each normalised; the way around
/// is projected where shapes change.
struct ResNetUnit: Layer {
  private let convolutions: [Conv2d]
  private let norms: [BatchNorm2d]
  private let projection: (conv: Conv2d, norm: BatchNorm2d)?

  init(_ path: Path, _ input: Int, _ middle: Int, stride: Int, isBottleneck: Bool) {
    let output = isBottleneck ? 4 * middle : middle
    let kernels = isBottleneck ? [1, 3, 1] : [3, 3]
    // What makes it v1.5: a bottleneck's stride is on its 3×3, not on the 1×1 before.
    let strided = isBottleneck ? 1 : 0
    var (convolutions, norms): ([Conv2d], [BatchNorm2d]) = ([], [])
    var channels = input
    for (index, kernel) in kernels.enumerated() {
      let next = index == kernels.count - 1 ? output : middle
      let convolution = ResNet.convolution(
        path / "conv\(index + 1)", channels, next, kernel: kernel,
        stride: index == strided ? stride : 1)
      convolutions.append(convolution)
      norms.append(
        BatchNorm2d(
          path / "bn\(index + 1)", next, after: convolution,
          activation: index == kernels.count - 1 ? nil : .relu))
      channels = next
    }
    (self.convolutions, self.norms) = (convolutions, norms)
    let around = path / "downsample"
    if input != output || stride != 1 {
      let conv = ResNet.convolution(around / 0, input, output, kernel: 1, stride: stride)
      projection = (conv, BatchNorm2d(around / 1, output, after: conv))
    } else {
      projection = nil
    }
  }

  /// (N, in, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉), where out is `middle`, or four times that
  /// in a bottleneck.
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    var y = x
    for (conv, norm) in zip(convolutions, norms) { y = norm(conv(y, mode), mode) }
    let around = projection.map { $0.norm($0.conv(x, mode), mode) } ?? x
    return Activation.relu(y + around)
  }
}
