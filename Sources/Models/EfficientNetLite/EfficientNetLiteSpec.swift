import FunMatchSettings

/// Which EfficientNet-Lite, under the names that recipes use.
public struct EfficientNetLiteSpec: Settings {
  /// 0, the smallest, to 4.
  public var variant: Int
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// The smallest.
  public init() { self.init(variant: 0) }

  /// - Parameter variant: 0, the smallest, to 4.
  public init(variant: Int, classes: Int? = nil) {
    (self.variant, self.classes) = (variant, classes)
  }

  /// Its keys.
  public static let keys: [Key<EfficientNetLiteSpec>] = [
    Key(
      "variant", \.variant, "0, the smallest, to 4.", .within(0...4), isRequired: true),
    .classes,
  ]

  /// Multipliers of channels and blocks by variant.
  static let multipliers = [(1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8)]

  /// Channels that the head makes, whatever the variant.
  static let features = 1280

  /// The blocks.
  ///
  /// Source: TensorFlow's `efficientnet/lite`: no squeeze and excitation, and neither the stem nor the
  /// numbers of blocks in the first and the last stage grow.
  var plan: MobilePlan {
    let (width, depth) = Self.multipliers[variant]
    func row(
      _ count: Int, _ kernel: Int, _ stride: Int, _ expansion: Double?, _ channels: Int,
      grows: Bool = true
    ) -> [MobilePlan.Row] {
      let count = grows ? Int((Double(count) * depth).rounded(.up)) : count
      return [
        MobilePlan.Row(
          count: count, kernel: kernel, stride: stride, expansion: expansion, channels: channels,
          activation: .relu6)
      ]
    }
    return MobilePlan(
      stem: 32, width: width,
      [
        row(1, 3, 1, nil, 16, grows: false), row(2, 3, 2, 6, 24), row(2, 5, 2, 6, 40),
        row(3, 3, 2, 6, 80), row(3, 5, 1, 6, 112), row(4, 5, 2, 6, 192),
        row(1, 3, 1, 6, 320, grows: false),
      ])
  }
}
