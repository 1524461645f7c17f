import FunMatchNN
import FunMatchTorch

/// ResNet v1.5 (He et al. 2015; the stride of a bottleneck on its 3×3 convolution), with batch
/// normalisation.
///
/// Source: torchvision `models/resnet.py`; parameters have its names, which are timm's, too.
public final class ResNet: Model {
  /// The shape it was built to.
  public let spec: ResNetSpec
  /// Its parameters and running statistics under timm's names.
  public let store: ParameterStore
  /// What images are brought to; ImageNet's mean and deviation as usual.
  public var input = InputScaling.imageNet
  /// The last layer.
  public let classifier: Linear
  let stem: Conv2d
  let norm: BatchNorm2d
  let units: [ResNetUnit]

  /// Draws kernels from libtorch's generator (`Torch.manualSeed`) as torchvision does; the head starts
  /// at zero.
  ///
  /// - Parameter values: what parameters hold.
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: ResNetSpec, _ values: InitialValues = .drawn) throws {
    let classes = try spec.checkedClasses()
    self.spec = spec
    store = ParameterStore(values)
    let root = store.root
    stem = Self.convolution(root / "conv1", 3, 64, kernel: 7, stride: 2)
    norm = BatchNorm2d(root / "bn1", 64, after: stem, activation: .relu)
    var channels = 64
    var units: [ResNetUnit] = []
    for (stage, count) in spec.units.enumerated() {
      let middle = 64 << stage
      for unit in 0..<count {
        units.append(
          ResNetUnit(
            root / "layer\(stage + 1)" / unit, channels, middle,
            stride: stage > 0 && unit == 0 ? 2 : 1, isBottleneck: spec.hasBottlenecks))
        channels = spec.hasBottlenecks ? 4 * middle : middle
      }
    }
    self.units = units
    classifier = Linear(root / "fc", channels, classes, .headKernel, .zeros)
  }

  /// A convolution that starts normal with variance 2 / fan-out (He et al. 2015).
  static func convolution(_ path: Path, _ input: Int, _ output: Int, kernel: Int, stride: Int)
    -> Conv2d
  {
    Conv2d(
      path, input, output, kernel: kernel, stride: stride,
      .normal((2 / Double(output * kernel * kernel)).squareRoot()))
  }

  /// The mean of the last stage's channels, (N, C), f32, of images (N, 3, H, W) in the network's own
  /// range.
  public func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    var x = norm(stem(images, mode), mode)
    x = x.maxPooled(kernel: 3, stride: 2, padding: 1, withZeros: false)
    for unit in units { x = unit(x, mode) }
    return x.spatialMean(keepsSides: false)
  }
}
