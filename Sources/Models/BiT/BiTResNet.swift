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
  /// What images are brought to; [-1, 1] as it is official.
  public var input = InputScaling.official
  /// The last layer; timm keeps it as a 1×1 convolution's kernel.
  public let classifier: Linear
  let stem: StandardizedConv2d
  let stages: [[BiTUnit]]
  let norm: GroupNorm

  /// Draws kernels from libtorch's generator (`Torch.manualSeed`); the head starts at zero. What the
  /// spec leaves open is official.
  ///
  /// - Parameter values: what parameters hold.
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: BiTSpec, _ values: InitialValues = .drawn) throws {
    let classes = try spec.checkedClasses()
    let stemKind = spec.stem ?? .official
    let epsilon = spec.standardizationEpsilon ?? 1e-10
    self.spec = spec.completed(classes: classes, stem: stemKind, epsilon: epsilon)
    store = ParameterStore(values)
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
    classifier = Linear(
      root / "head" / "fc", channels, classes, .headKernel, isConvolution: true, .zeros)
  }

  /// The mean of the last stage's channels, (N, C), f32, of images (N, 3, H, W) in [-1, 1].
  public func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    var x = stem(images, mode)
    switch spec.stem {
    case .official, nil: x = x.maxPooled(kernel: 3, stride: 2, padding: 1, withZeros: false)
    case .timm: x = x.maxPooled(kernel: 3, stride: 2, padding: 1, withZeros: true)
    case .small: break
    }
    for unit in stages.joined() { x = unit(x, mode) }
    return norm(x, mode).spatialMean(keepsSides: false)
  }
}
