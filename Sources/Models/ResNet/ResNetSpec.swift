import FunMatchImages
import FunMatchNN
import FunMatchSettings

/// The shape of a ResNet v1.5, under the names that recipes use.
public struct ResNetSpec: Settings {
  /// Number of layers: 18, 34, 50, 101 or 152.
  public var depth: Int
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// A ResNet-50.
  public init() { self.init(depth: 50) }

  /// What is left out is open.
  public init(depth: Int, classes: Int? = nil) {
    (self.depth, self.classes) = (depth, classes)
  }

  /// Units a stage of the networks that there are.
  public static let depths = [
    18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3],
  ]

  /// Its keys.
  public static let keys: [Key<ResNetSpec>] = [
    Key(
      "depth", \.depth, "Number of layers: 18, 34, 50, 101 or 152.",
      Limits("must be one of 18, 34, 50, 101, 152") { depths[$0] != nil }, isRequired: true),
    .classes,
  ]

  /// Units a stage; none where the depth is out of range.
  var units: [Int] { Self.depths[depth] ?? [] }

  /// Whether units have three convolutions and widen four times, not two.
  var hasBottlenecks: Bool { depth >= 50 }
}

extension ResNetSpec: NetworkSpec {
  /// `resnet`.
  public static let name = "resnet"

  /// What they are.
  public static let summary = "ResNet v1.5 (He et al. 2015), with batch normalisation."

  /// `resnet18` to `resnet152`, as timm and torchvision call them, too.
  public static let known: [(name: String, spec: ResNetSpec)] =
    depths.keys.sorted().map { ("resnet\($0)", ResNetSpec(depth: $0)) }

  /// timm's names, which are torchvision's.
  public static let layouts = [
    WeightLayout(
      "timm", headBias: "fc.bias",
      isOf: { $0.isSuperset(of: ["conv1.weight", "bn1.weight", "layer1.0.conv1.weight"]) })
  ]

  /// ImageNet's mean and deviation.
  public var usualInput: InputScaling { .imageNet }

  /// torchvision's.
  public var usualPreprocessing: EvaluationPreprocessing? {
    EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bilinear)
  }

  /// A `ResNet`.
  public func build(_ values: InitialValues) throws -> any Model { try ResNet(self, values) }
}
