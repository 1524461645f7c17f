import FunMatchImages
import FunMatchNN

extension MobileNetV3Spec: NetworkSpec {
  /// `mobilenetV3`.
  public static let name = "mobilenetV3"

  /// What they are.
  public static let summary = "MobileNetV3 (Howard et al. 2019), with batch or group normalisation."

  /// `mobilenet-v3-small` and its like, and the names of timm's networks.
  public static let known: [(name: String, spec: MobileNetV3Spec)] = {
    let sizes: [(Size, Double, String)] = [
      (.small, 0.5, "050"), (.small, 0.75, "075"), (.small, 1, "100"),
      (.large, 0.75, "075"), (.large, 1, "100"),
    ]
    let ours = sizes.map { size, width, percent in
      (
        "mobilenet-v3-\(size.rawValue)" + (width == 1 ? "" : "-" + percent),
        MobileNetV3Spec(size: size, width: width)
      )
    }
    return ours
      + zip(sizes, ours).map { size, mine in ("mobilenetv3_\(size.0.rawValue)_\(size.2)", mine.1) }
  }()

  /// timm's names.
  public static let layouts = [
    WeightLayout(
      "timm", headBias: "classifier.bias",
      isOf: { names in names.contains("conv_stem.weight") && names.contains("conv_head.bias") })
  ]

  /// ImageNet's mean and deviation.
  public var usualInput: InputScaling { .imageNet }

  /// timm's.
  public var usualPreprocessing: EvaluationPreprocessing? {
    EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bicubic)
  }

  /// A `MobileNetV3`.
  public func build(_ values: InitialValues) throws -> any Model { try MobileNetV3(self, values) }
}
