import FunMatchNN

extension BiTSpec: NetworkSpec {
  /// `bit`.
  public static let name = "bit"

  /// What they are.
  public static let summary =
    "BiT (Kolesnikov et al. 2020): ResNet-v2 with weight standardisation and group normalisation."

  /// `bit-r50x1` and its like, and the names of timm's networks.
  public static let known: [(name: String, spec: BiTSpec)] = {
    let sizes = [(26, 1), (50, 1), (50, 3), (101, 1), (101, 3), (152, 2), (152, 4)]
    let ours = sizes.map { layers, width in
      ("bit-r\(layers)x\(width)", BiTSpec(depth: depths[layers] ?? [], width: Double(width)))
    }
    return ours + ours.dropFirst().map { ("resnetv2_" + $0.0.dropFirst(5) + "_bit", $0.1) }
  }()

  /// Networks of any width go by `bit-r{26,50,101,152}x{1...99}`, too.
  public static func named(_ name: String) -> BiTSpec? {
    if let spec = known.first(where: { $0.name == name })?.spec { return spec }
    let pattern = /bit-r(26|50|101|152)x([1-9][0-9]?)/
    guard let match = name.wholeMatch(of: pattern), let layers = Int(match.1),
      let depth = depths[layers], let width = Double(match.2)
    else { return nil }
    return BiTSpec(depth: depth, width: width)
  }

  /// The public `.npz` names, and timm's.
  public static let layouts = [
    WeightLayout(
      "official", headBias: "resnet/head/conv2d/bias",
      isOf: { names in names.contains { $0.hasPrefix("resnet/") } }, translate: BiTNames.translate),
    WeightLayout(
      "timm", headBias: "head.fc.bias",
      isOf: { names in names.contains("stem.conv.weight") && names.contains("norm.weight") }),
  ]

  /// [-1, 1].
  public var usualInput: InputScaling { .official }

  /// What is open is taken from `other`.
  public func completed(by other: BiTSpec) -> BiTSpec {
    completed(
      classes: other.classes, stem: other.stem ?? .official,
      epsilon: other.standardizationEpsilon ?? 1e-10)
  }

  /// timm pads the pooling with 0 and adds 1e-8; official are -∞ and 1e-10.
  public func completed(for layout: WeightLayout?) -> BiTSpec {
    layout?.name == "timm"
      ? completed(classes: nil, stem: .timm, epsilon: 1e-8)
      : completed(classes: nil, stem: .official, epsilon: 1e-10)
  }

  /// A `BiTResNet`.
  public func build(_ values: InitialValues) throws -> any Model { try BiTResNet(self, values) }
}
