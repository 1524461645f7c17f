import FunMatchNN
import FunMatchTorch

/// MobileNetV3 (Howard et al., 2019) without dropout, as students match functions; with batch
/// normalisation, or with group normalisation as the paper's student has it.
///
/// Parameters have timm's names (`mobilenetv3_*`).
public final class MobileNetV3: Model {
  /// The shape it was built to.
  public let spec: MobileNetV3Spec
  /// Its parameters under timm's names.
  public let store: ParameterStore
  /// What images are brought to.
  public var input = InputScaling.imageNet
  /// The last layer.
  public let classifier: Linear
  let body: MobileBody
  let last: ConvNorm
  let head: Linear

  /// Draws kernels from libtorch's generator (`Torch.manualSeed`); the last layer starts at zero.
  ///
  /// - Parameter values: what parameters hold.
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: MobileNetV3Spec, _ values: InitialValues = .drawn) throws {
    let classes = try spec.checkedClasses()
    self.spec = spec
    store = ParameterStore(values)
    let root = store.root
    let style = MobileStyle(norm: spec.groups.map { .group($0) } ?? .batch(epsilon: 1e-5))
    let plan = spec.plan
    body = MobileBody(root, plan, style, .hardSwish)
    last = ConvNorm(
      root / "blocks" / plan.stages.count / 0, ("conv", "bn1"), plan.output, spec.lastChannels,
      style, .hardSwish)
    head = Linear(
      root / "conv_head", spec.lastChannels, spec.features, isConvolution: true,
      .normal((2 / Double(spec.features)).squareRoot()))
    classifier = Linear(root / "classifier", spec.features, classes, .headKernel, .zeros)
  }

  /// A layer of the last stage's means, (N, 1024) or (N, 1280), of images (N, 3, H, W).
  public func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    let means = last(body(images, mode), mode).spatialMean(keepsSides: false)
    return Activation.hardSwish(head(means, mode))
  }
}
