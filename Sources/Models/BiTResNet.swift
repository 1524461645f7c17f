import FunMatchNN
import FunMatchTorch

/// BiT ("Big Transfer", Kolesnikov et al. 2020): ResNet-v2 with weight standardisation and group
/// normalisation.
///
/// Source: big_vision `models/bit_paper.py`; parameters have timm's names (`resnetv2_*_bit`).
public final class BiTResNet: Model {
  /// The shape it was built to.
  public let spec: BiTSpec
  /// Its parameters under timm's names.
  public let store: ParameterStore
  /// Number of classes.
  public let classes: Int
  let stem: StandardizedConv2d
  let stages: [[BiTUnit]]
  let norm: GroupNorm
  let headWeight: Parameter
  let headBias: Parameter

  /// Draws kernels from libtorch's generator (`Torch.manualSeed`); the head starts at zero. What the
  /// spec leaves open is official.
  ///
  /// - Parameter drawsValues: false leaves all values at zero, for weights that are loaded next.
  /// - Throws: `TorchError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: BiTSpec, drawsValues: Bool = true) throws {
    try spec.validate()
    guard let classes = spec.classes else {
      throw TorchError("bit: the number of classes is not given")
    }
    let stemKind = spec.stem ?? .official
    let epsilon = spec.standardizationEpsilon ?? 1e-10
    self.spec = spec.completed(classes: classes, stem: stemKind, epsilon: epsilon)
    self.classes = classes
    store = ParameterStore(drawsValues: drawsValues)
    let root = store.root
    switch stemKind {
    case .official, .timm:
      stem = StandardizedConv2d(
        root / "stem" / "conv", 3, spec.stemChannels, kernel: 7, stride: 2, epsilon: epsilon)
    case .small(let stride):
      stem = StandardizedConv2d(
        root / "stem" / "conv", 3, spec.stemChannels, kernel: 3, stride: stride, epsilon: epsilon)
    }
    var channels = spec.stemChannels
    var stages: [[BiTUnit]] = []
    for (index, count) in spec.depth.enumerated() {
      let middle = spec.stemChannels << index
      stages.append(
        (0..<count).map { number in
          defer { channels = 4 * middle }
          return BiTUnit(
            root / "stages" / index / "blocks" / number, channels, middle,
            stride: index > 0 && number == 0 ? 2 : 1, groups: spec.groups, epsilon: epsilon)
        })
    }
    self.stages = stages
    norm = GroupNorm(root / "norm", channels, groups: spec.groups, relu: true)
    // timm keeps the head as a 1×1 convolution's kernel.
    headWeight = (root / "head" / "fc")
      .parameter("weight", [classes, channels, 1, 1], .headKernel, .zeros)
    headBias = (root / "head" / "fc").parameter("bias", [classes], .vector, .zeros)
  }

  /// Weight and bias of the last layer.
  public var head: [Parameter] { [headWeight, headBias] }

  /// Logits (N, classes), f32, of images (N, 3, H, W), f32 in [-1, 1].
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    let pooled = features(images, mode)
    return pooled.linear(headWeight.value.reshaped([classes, -1]), bias: headBias.value)
  }

  /// What the head sees: (N, channels of the last stage), f32.
  public func features(_ images: Tensor, _ mode: Mode) -> Tensor {
    withAutocast(mode.precision, on: images.device) {
      var x = stem(images.to(mode.precision).channelsLast, mode)
      switch spec.stem {
      case .official, nil: x = x.maxPool2d(kernel: 3, stride: 2, padding: 1)
      case .timm: x = x.padded(1).maxPool2d(kernel: 3, stride: 2)
      case .small: break
      }
      for unit in stages.joined() { x = unit(x, mode) }
      return norm(x, mode).to(.f32).mean([2, 3])
    }
  }

  /// Multiply-accumulates of the convolutions and the head for one image of this size.
  public func multiplyAccumulates(height: Int, width: Int) -> Int {
    func halved(_ size: Int) -> Int { (size + 1) / 2 }
    var size = (height, width)
    let kernel = stem.weight.value.count
    let pools: Bool
    switch spec.stem {
    case .official, .timm, nil:
      size = (halved(height), halved(width))
      pools = true
    case .small(let stride):
      if stride == 2 { size = (halved(height), halved(width)) }
      pools = false
    }
    var total = kernel * size.0 * size.1
    if pools { size = (halved(size.0), halved(size.1)) }
    for unit in stages.joined() {
      let output = unit.stride == 2 ? (halved(size.0), halved(size.1)) : size
      total += unit.multiplyAccumulates(input: size.0 * size.1, output: output.0 * output.1)
      size = output
    }
    return total + headWeight.value.count
  }
}
