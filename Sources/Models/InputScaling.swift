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

  /// What deserves a warning: that pixels become values which hardly differ, or differ by hundreds, as where they are
  /// scaled twice or in other units. `nil` where nothing does.
  package var warning: String? {
    let spans = std.map { range / $0 }
    guard let least = spans.min(), let most = spans.max(), least < 0.2 || most > 300 else {
      return nil
    }
    return String(
      format:
        "pixels become values from %.4g to %.4g: mean and std have to be in the units of range, which is %g",
      ends.low, ends.high, range)
  }

  /// The values that pixels become lie between these.
  private var ends: (low: Double, high: Double) {
    let channels = zip(mean, std).map { (-$0 / $1, (range - $0) / $1) }
    return (channels.map(\.0).min() ?? 0, channels.map(\.1).max() ?? 0)
  }

  /// What deserves a warning about values that are said to be scaled already: that no pixel becomes such, or that they
  /// hardly differ, as where they are scaled twice or not at all. `nil` where nothing does.
  package func warning(least: Double, most: Double) -> String? {
    let (low, high) = ends
    let margin = 0.01 * (high - low)
    guard least < low - margin || most > high + margin || most - least < 5 * margin else {
      return nil
    }
    return String(
      format:
        "its values are from %.4g to %.4g, and those of pixels become %.4g to %.4g for this network; uint8 pixels are scaled here",
      least, most, low, high)
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
