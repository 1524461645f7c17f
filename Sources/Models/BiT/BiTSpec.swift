import FunMatchSettings

/// The shape of a BiT ResNet-v2, under the names that recipes use.
public struct BiTSpec: Settings {
  /// What comes before the first stage.
  public enum Stem: Sendable, Equatable {
    /// 7×7 stride 2, then 3×3 max-pooling stride 2 padded with -∞: the official `bit_paper` model.
    case official
    /// The same, pooling padded with 0: timm's `resnetv2_*_bit`, and BiT's first TensorFlow
    /// release.
    case timm
    /// 3×3 with this stride (1 or 2) and no pooling, for images of about 32 pixels.
    case small(stride: Int)
  }

  /// Units in each stage.
  public var depth: [Int]
  /// Multiplies all channel counts; 1 is ResNet-50's width.
  public var width: Double
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?
  /// What comes before the first stage; `nil` until the weights tell, official otherwise.
  public var stem: Stem?
  /// Groups of every GroupNorm; must divide all channel counts.
  public var groups: Int
  /// ε of weight standardisation: 1e-10 official, 1e-8 in timm; `nil` until the weights tell.
  public var standardizationEpsilon: Double?

  /// A ResNet-50.
  public init() { self.init(depth: [3, 4, 6, 3]) }

  /// What is left out is open.
  public init(
    depth: [Int], width: Double = 1, classes: Int? = nil, stem: Stem? = nil, groups: Int = 32,
    standardizationEpsilon: Double? = nil
  ) {
    self.depth = depth
    self.width = width
    self.classes = classes
    self.stem = stem
    self.groups = groups
    self.standardizationEpsilon = standardizationEpsilon
  }

  /// Units a stage of the networks that go by a number of layers.
  public static let depths = [
    26: [2, 2, 2, 2], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3],
  ]

  /// The same with what is open taken from the arguments.
  func completed(classes: Int?, stem: Stem, epsilon: Double) -> BiTSpec {
    var spec = self
    spec.classes = spec.classes ?? classes
    spec.stem = spec.stem ?? stem
    spec.standardizationEpsilon = spec.standardizationEpsilon ?? epsilon
    return spec
  }

  /// Channels between the stem and the first stage: 64 × width.
  public var stemChannels: Int { Int((64 * width).rounded()) }

  /// Its keys.
  public static let keys: [Key<BiTSpec>] = [
    Key(
      "depth", \.depth, "Number of layers: 26, 50, 101, 152; or units in each of 1 to 8 stages.",
      Limits("must be 26, 50, 101, 152 or a list of 1 to 8 stages of at most 1,000 units each") {
        (1...8).contains($0.count) && $0.allSatisfy((1...1000).contains)
      }, or: Int.self, isRequired: true,
      value: { layers in
        if let units = depths[layers] { return units }
        throw SettingsError("", "\(layers) must be 26, 50, 101, 152 or a list of units a stage")
      }, written: { units in depths.first { $0.value == units }?.key }),
    Key(
      "width", \.width, "Multiplies all channel counts, which begin with 64.",
      Limits(
        "must be at most 64 and make 64 × width a whole number of channels",
        schema: ["exclusiveMinimum": 0, "maximum": 64, "multipleOf": 1 / 64.0]
      ) { $0 > 0 && $0 <= 64 && (64 * $0).rounded() == 64 * $0 }),
    .classes,
    Key(
      "stem", \.stem,
      "What comes before the first stage; left out: as the weights need it, else official."),
    Key(
      "groups", \.groups, "Groups of every GroupNorm; must divide 64 × width.", .positive),
    Key(
      "standardizationEpsilon", \.standardizationEpsilon,
      "ε of weight standardisation: 1e-10 official, 1e-8 in timm; left out: as the weights need it.",
      .notNegative),
  ]

  /// - Throws: `SettingsError` when the groups do not divide the channels.
  public func check(at key: String) throws {
    guard stemChannels.isMultiple(of: groups) else {
      throw SettingsError(
        at: key, "groups",
        "\(groups) groups do not divide the \(stemChannels) channels of width \(width)")
    }
  }
}
