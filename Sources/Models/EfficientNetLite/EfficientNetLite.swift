import FunMatchNN
import FunMatchTorch

/// EfficientNet-Lite (Google, 2020): EfficientNet (Tan and Le, 2019) without squeeze and excitation and
/// with ReLU6, which small processors can quantise. TensorFlow's padding; no dropout.
///
/// Parameters have timm's names (`tf_efficientnet_lite*`).
public final class EfficientNetLite: Model {
  /// The shape it was built to.
  public let spec: EfficientNetLiteSpec
  /// Its parameters under timm's names.
  public let store: ParameterStore
  /// What images are brought to.
  public var input = InputScaling.official
  /// The last layer.
  public let classifier: Linear
  let body: MobileBody
  let head: ConvNorm

  /// Draws kernels from libtorch's generator (`Torch.manualSeed`); the last layer starts at zero.
  ///
  /// - Parameter values: what parameters hold.
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: EfficientNetLiteSpec, _ values: InitialValues = .drawn) throws {
    let classes = try spec.checkedClasses()
    self.spec = spec
    store = ParameterStore(values)
    let root = store.root
    let style = MobileStyle(norm: .batch(epsilon: 1e-3), padding: .same)
    let plan = spec.plan
    body = MobileBody(root, plan, style, .relu6)
    head = ConvNorm(
      root, ("conv_head", "bn2"), plan.output, EfficientNetLiteSpec.features, style, .relu6)
    classifier = Linear(
      root / "classifier", EfficientNetLiteSpec.features, classes, .headKernel, .zeros)
  }

  /// The mean of the head's 1280 channels, (N, 1280), f32, of images (N, 3, H, W).
  public func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    head(body(images, mode), mode).spatialMean(keepsSides: false)
  }
}
