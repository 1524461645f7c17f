import FunMatchSettings

/// The shape of a MobileNetV3, under the names that recipes use.
public struct MobileNetV3Spec: Settings {
  /// Which of the published two.
  public enum Size: String, SettingName {
    case small, large
  }

  /// What normalises after convolutions.
  public enum Norm: String, SettingName {
    /// Batch normalisation, as published.
    case batch
    /// Group normalisation, as the paper's student has it.
    case group
  }

  /// Which of the published two.
  public var size: Size
  /// Multiplies all channel counts but those of the last layer before the head; what comes out is
  /// rounded to multiples of 8.
  public var width: Double
  /// What normalises after convolutions.
  public var norm: Norm
  /// Groups of group normalisation; `nil` with batch normalisation. As all channels come in multiples of
  /// 8, these are 1, 2, 4 or 8.
  public var groups: Int?
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// The large network.
  public init() { self.init(size: .large) }

  /// What is left out is as published; group normalisation has 8 groups.
  public init(
    size: Size, width: Double = 1, norm: Norm = .batch, groups: Int? = nil, classes: Int? = nil
  ) {
    (self.size, self.width, self.norm, self.classes) = (size, width, norm, classes)
    self.groups = groups
    completeGroups()
  }

  private mutating func completeGroups() {
    // Every multiple of 8 divides into them.
    if norm == .group { groups = groups ?? 8 }
  }

  /// Its keys.
  public static let keys: [Key<MobileNetV3Spec>] = [
    Key("size", \.size, "Which of the published two.", isRequired: true),
    Key(
      "width", \.width,
      "Multiplies channels, which are rounded to multiples of 8; the last layer's 1280 or 1024 stay.",
      .within(0.01...32)),
    Key(
      "norm", \.norm, "What normalises after convolutions: batch, as published, or group."),
    Key(
      "groups", \.groups, "With `norm: group` alone: 1, 2, 4 or 8; left out: 8.",
      Limits("must be 1, 2, 4 or 8, as channels are multiples of 8") { [1, 2, 4, 8].contains($0) }),
    .classes,
  ]

  /// Takes the usual number of groups.
  public mutating func didDecode(_ decoder: any Decoder) throws { completeGroups() }

  /// - Throws: `SettingsError` when there are groups and no group normalisation, or the other way round.
  public func check(at key: String) throws {
    guard (groups != nil) == (norm == .group) else {
      throw SettingsError(at: key, "groups", "is for norm: group, which needs it, alone")
    }
  }

  /// Channels of the last layer before the head, at any width.
  var features: Int { size == .small ? 1024 : 1280 }

  /// Channels of the last convolution before the mean.
  var lastChannels: Int { MobileBlock.channels((size == .small ? 576 : 960) * width) }

  /// The blocks.
  ///
  /// Source: Howard et al. 2019, tables 1 and 2; narrow networks keep the stem's 16 channels, as timm
  /// has it.
  var plan: MobilePlan {
    typealias Row = MobilePlan.Row
    let stem = width < 0.75 ? 16 : MobileBlock.channels(16 * width)
    func row(
      _ count: Int, _ kernel: Int, _ stride: Int, _ expansion: Double?, _ channels: Int,
      se: Bool = false, relu: Bool = false
    ) -> Row {
      Row(
        count: count, kernel: kernel, stride: stride, expansion: expansion, channels: channels,
        squeezes: se, activation: relu ? .relu : .hardSwish)
    }
    let stages: [[Row]] =
      switch size {
      case .small:
        [
          [row(1, 3, 2, nil, 16, se: true, relu: true)],
          [row(1, 3, 2, 4.5, 24, relu: true), row(1, 3, 1, 3.67, 24, relu: true)],
          [row(1, 5, 2, 4, 40, se: true), row(2, 5, 1, 6, 40, se: true)],
          [row(2, 5, 1, 3, 48, se: true)],
          [row(3, 5, 2, 6, 96, se: true)],
        ]
      case .large:
        [
          [row(1, 3, 1, nil, 16, relu: true)],
          [row(1, 3, 2, 4, 24, relu: true), row(1, 3, 1, 3, 24, relu: true)],
          [row(3, 5, 2, 3, 40, se: true, relu: true)],
          [row(1, 3, 2, 6, 80), row(1, 3, 1, 2.5, 80), row(2, 3, 1, 2.3, 80)],
          [row(2, 3, 1, 6, 112, se: true)],
          [row(3, 5, 2, 6, 160, se: true)],
        ]
      }
    return MobilePlan(stem: stem, width: width, stages)
  }
}
