import FunMatchSettings
import FunMatchTorch

/// What becomes of pixels before a network sees them: value / 255 · range, less the mean, divided by
/// the standard deviation, for each channel. It belongs to a network: views are shared, this is not.
public struct InputScaling: Settings {
  /// In which order the channels come.
  public enum ColorOrder: String, SettingName {
    case rgb, bgr
  }

  /// What is subtracted from each channel, in its order.
  public var mean: [Double]
  /// What each channel is divided by then.
  public var std: [Double]
  /// What white is before that: 1 as nearly everywhere, or 255.
  public var range: Double
  /// The order of the channels.
  public var colorOrder: ColorOrder

  /// What is official.
  public init() { self = .official }

  /// Three values each, the deviations positive.
  public init(
    mean: [Double], std: [Double], range: Double = 1, colorOrder: ColorOrder = .rgb
  ) {
    (self.mean, self.std, self.range, self.colorOrder) = (mean, std, range, colorOrder)
  }

  /// [-1, 1]: the official models' (big_vision's `value_range(-1, 1)`).
  public static let official = InputScaling(mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5])

  /// ImageNet's mean and deviation, which torchvision's and most of timm's networks were trained with.
  public static let imageNet = InputScaling(
    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])

  /// Its keys.
  public static let keys: [Key<InputScaling>] = [
    Key(
      "mean", \.mean, "What is subtracted from each channel; one number: from all.",
      Limits("must be three numbers") { $0.count == 3 && $0.allSatisfy(\.isFinite) },
      or: Double.self, isRequired: true, value: { [$0, $0, $0] }),
    Key(
      "std", \.std, "What each channel is divided by then; one number: all.",
      Limits("must be three positive numbers") {
        $0.count == 3 && $0.allSatisfy { $0 > 1e-6 && $0.isFinite }
      }, or: Double.self, isRequired: true, value: { [$0, $0, $0] }),
    Key(
      "range", \.range, "What white is before that: 1 or 255.",
      Limits("must be 1 or 255") { $0 == 1 || $0 == 255 }),
    Key("colorOrder", \.colorOrder, "The order of the channels."),
  ]

  /// Impossible values are not decoded: tensors cannot be scaled with them.
  public mutating func didDecode(_ decoder: any Decoder) throws {
    try validate(at: decoder.codingPath.dotted)
  }

  /// - Throws: `SettingsError` when a mean is far outside the range.
  public func check(at key: String) throws {
    guard mean.allSatisfy({ abs($0) <= 2 * range }) else {
      throw SettingsError(
        at: key, "mean",
        "\(mean) is not within the range of \(range); range: 255 is for values such as 123.675")
    }
  }

  /// Whether images in [-1, 1] are what the network wants.
  public var isOfficial: Bool { self == .official }

  /// RGB images (N, 3, H, W), f32 in [-1, 1], as the network wants them.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    guard !isOfficial else { return images }
    // Views come scaled to [-1, 1], as mixing is linear and this is, too.
    let (scale, shift) = (
      zip(mean, std).map { range / 2 / $1 }, zip(mean, std).map { (range / 2 - $0) / $1 }
    )
    func row(_ values: [Double]) -> Tensor {
      Tensor(values, shape: [1, 3, 1, 1]).to(.f32).to(images.device)
    }
    let ordered =
      colorOrder == .rgb
      ? images : images.selecting(Tensor([2, 1, 0] as [Int64]).to(images.device), 1)
    return ordered * row(scale) + row(shift)
  }
}
