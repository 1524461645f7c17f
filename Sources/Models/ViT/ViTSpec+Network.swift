import FunMatchImages
import FunMatchNN

extension ViTSpec: NetworkSpec {
  /// `vit`.
  public static let name = "vit"

  /// What they are.
  public static let summary =
    "The vision transformer (Dosovitskiy et al. 2020), with a class token."

  /// `vit-s16` and its like, `vit-s16-384` for larger images, and timm's names.
  public static let known: [(name: String, spec: ViTSpec)] = {
    let sizes: [(String, Size)] = [("ti", .tiny), ("s", .small), ("b", .base), ("l", .large)]
    func specs(_ name: (_ short: String, _ size: Size, _ resolution: Int) -> String) -> [(
      name: String, spec: ViTSpec
    )] {
      sizes.flatMap { short, size in
        [224, 384].map { (name(short, size, $0), ViTSpec(size: size, resolution: $0)) }
      }
    }
    return specs { short, _, resolution in
      "vit-\(short)16" + (resolution == 224 ? "" : "-\(resolution)")
    } + specs { _, size, resolution in "vit_\(size.rawValue)_patch16_\(resolution)" }
  }()

  /// timm's names; the last normalisation's depends on what is classified.
  public static let layouts = [
    WeightLayout(
      "timm", headBias: "head.bias",
      isOf: { $0.isSuperset(of: ["cls_token", "patch_embed.proj.weight", "norm.weight"]) },
      resize: ViTPositions.resize),
    WeightLayout(
      averageLayout, headBias: "head.bias",
      isOf: { $0.isSuperset(of: ["cls_token", "patch_embed.proj.weight", "fc_norm.weight"]) },
      resize: ViTPositions.resize),
  ]
  private static let averageLayout = "timm (global_pool=avg)"

  /// [-1, 1], as timm's default weights (of Steiner et al. 2021) want it.
  public var usualInput: InputScaling { .official }

  /// `resolution`.
  public var fixedResolution: Int? { resolution }

  /// timm's: nine tenths of the image, or at 384 pixels and more all of it.
  public var usualPreprocessing: EvaluationPreprocessing? {
    EvaluationPreprocessing(
      resize: resolution < 384 ? resolution * 10 / 9 : resolution, crop: resolution,
      interpolation: .bicubic)
  }

  /// What is open is taken from `other`.
  public func completed(by other: ViTSpec) -> ViTSpec {
    var spec = self
    spec.classes = spec.classes ?? other.classes
    spec.pool = spec.pool ?? other.pool
    return spec
  }

  /// The class token is classified unless the weights are of a network that averages.
  public func completed(for layout: WeightLayout?) -> ViTSpec {
    var spec = self
    spec.pool = spec.pool ?? (layout?.name == Self.averageLayout ? .average : .token)
    return spec
  }

  /// A `ViT`.
  public func build(_ values: InitialValues) throws -> any Model { try ViT(self, values) }
}
