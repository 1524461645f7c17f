import FunMatchTorch

/// What becomes of pixels before a network sees them: value / 255 · range, less the mean, divided by
/// the standard deviation, for each channel. It belongs to a network: views are shared, this is not.
public struct InputScaling: Codable, Sendable, Equatable {
  /// In which order the channels come.
  public enum ColorOrder: String, Codable, Sendable, CaseIterable {
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

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case mean, std, range, colorOrder
  }

  /// Decodes values that are possible; `range` and `colorOrder` may be absent, and a single number
  /// stands for all channels.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func values(_ key: CodingKeys) throws -> [Double] {
      if let value = try? keys.decode(Double.self, forKey: key) { return [value, value, value] }
      return try keys.decode([Double].self, forKey: key)
    }
    mean = try values(.mean)
    std = try values(.std)
    range = try keys.decodeIfPresent(Double.self, forKey: .range) ?? 1
    colorOrder = try keys.decodeIfPresent(ColorOrder.self, forKey: .colorOrder) ?? .rgb
    guard mean.count == 3, std.count == 3, mean.allSatisfy(\.isFinite),
      std.allSatisfy({ $0 > 1e-6 && $0.isFinite }), range == 1 || range == 255,
      mean.allSatisfy({ abs($0) <= 2 * range })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .mean, in: keys,
        debugDescription:
          "mean and std are three numbers each, std positive, mean within the range, which is 1 or 255 "
          + "(range: 255 for values such as 123.675); not \(mean), \(std), range \(range)")
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
