import FunMatchNN
import FunMatchTorch

/// The vision transformer (Dosovitskiy et al. 2020), pre-norm, with a class token, without dropout.
///
/// Source: timm `models/vision_transformer.py`; parameters have its names.
public final class ViT: Model {
  /// The shape it was built to.
  public let spec: ViTSpec
  /// Its parameters under timm's names.
  public let store: ParameterStore
  /// What images are brought to; [-1, 1] as usual.
  public var input = InputScaling.official
  /// The last layer.
  public let classifier: Linear
  let patches: Conv2d
  let token, positions: Parameter
  let blocks: [ViTBlock]
  let norm: LayerNorm

  /// Draws values from libtorch's generator (`Torch.manualSeed`); the head starts at zero. What the
  /// spec leaves open is usual.
  ///
  /// - Parameter values: what parameters hold.
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public init(_ spec: ViTSpec, _ values: InitialValues = .drawn) throws {
    let classes = try spec.checkedClasses()
    self.spec = spec.completed(for: nil)
    store = ParameterStore(values)
    let (root, width) = (store.root, spec.size.width)
    // No kernel is the official mask for weight decay's, hence vectors: neither decays.
    token = root.parameter("cls_token", [1, 1, width], .vector, .normal(1e-6))
    positions = root.parameter("pos_embed", [1, spec.tokens, width], .vector, .normal(0.02))
    patches = Conv2d(
      root / "patch_embed" / "proj", 3, width, kernel: spec.patch, stride: spec.patch,
      padding: .zeros(0), bias: true)
    blocks = (0..<spec.size.depth).map {
      ViTBlock(root / "blocks" / $0, width, heads: spec.size.heads)
    }
    norm = LayerNorm(root / (self.spec.pool == .average ? "fc_norm" : "norm"), width)
    classifier = Linear(root / "head", width, classes, .headKernel, .zeros)
  }

  /// The class token or the mean of the others, normalised, (N, C), of images (N, 3, R, R) in the
  /// network's own range, where R is the spec's resolution.
  public func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    var x = patches(images, mode).tokens().prepending(token).adding(positions)
    for block in blocks { x = block(x, mode) }
    // Tokens are normalised each by itself, so that one can be taken first.
    return norm(spec.pool == .average ? x.tokenMean(from: 1) : x.token(0), mode)
  }
}
