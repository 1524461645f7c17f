import FunMatchImages
import FunMatchTorch

/// The shape of a ResNet v1.5, under the names that recipes use.
public struct ResNetSpec: Sendable, Equatable {
  /// Number of layers: 18, 34, 50, 101 or 152.
  public var depth: Int
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// What is left out is open.
  public init(depth: Int, classes: Int? = nil) {
    (self.depth, self.classes) = (depth, classes)
  }

  /// Units a stage of the networks that there are.
  public static let depths = [
    18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3],
  ]

  /// Units a stage; none where the depth is out of range.
  var units: [Int] { Self.depths[depth] ?? [] }

  /// Whether units have three convolutions and widen four times, not two.
  var hasBottlenecks: Bool { depth >= 50 }
}

extension ResNetSpec: NetworkSpec {
  private enum CodingKeys: String, CodingKey {
    case depth, classes
  }

  /// Writes every key.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(depth, forKey: .depth)
    try keys.encode(classes, forKey: .classes)
  }

  /// `resnet`.
  public static let family = "resnet"

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

  /// Number of trainable values.
  public var parameterCount: Double {
    var total = 3.0 * 64 * 49 + 2 * 64
    var channels = 64.0
    for (stage, count) in units.enumerated() {
      let middle = 64 * Double(1 << stage)
      let output = hasBottlenecks ? 4 * middle : middle
      for unit in 0..<count {
        if hasBottlenecks {
          total += channels * middle + 9 * middle * middle + middle * output
          total += 4 * middle + 2 * output
        } else {
          total += 9 * (channels + middle) * middle + 4 * middle
        }
        if unit == 0, stage > 0 || channels != output { total += (channels + 2) * output }
        channels = output
      }
    }
    return total + (channels + 1) * Double(classes ?? 0)
  }

  /// - Throws: `TorchError` when there is no such depth, or the number of classes is out of range.
  public func validate() throws {
    guard !units.isEmpty else {
      let depths = Self.depths.keys.sorted().map(String.init).joined(separator: ", ")
      throw TorchError("resnet: depth \(depth) must be one of \(depths)")
    }
    try checkClasses()
  }

  /// A `ResNet`.
  public func build(drawsValues: Bool) throws -> any Model {
    try ResNet(self, drawsValues: drawsValues)
  }
}
