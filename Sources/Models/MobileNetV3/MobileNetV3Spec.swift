import FunMatchTorch

/// The shape of a MobileNetV3, under the names that recipes use.
public struct MobileNetV3Spec: Sendable, Equatable {
  /// Which of the published two.
  public enum Size: String, Codable, Sendable, CaseIterable {
    case small, large
  }

  /// What normalises after convolutions.
  public enum Norm: Sendable, Equatable {
    /// Batch normalisation, as published.
    case batch
    /// Group normalisation with so many groups. As all channels come in multiples of 8, these are 1, 2,
    /// 4 or 8.
    case group(Int)
  }

  /// Which of the published two.
  public var size: Size
  /// Multiplies all channel counts but those of the last layer before the head; what comes out is
  /// rounded to multiples of 8.
  public var width: Double
  /// What normalises after convolutions.
  public var norm: Norm
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// What is left out is as published.
  public init(size: Size, width: Double = 1, norm: Norm = .batch, classes: Int? = nil) {
    (self.size, self.width, self.norm, self.classes) = (size, width, norm, classes)
  }

  /// Groups where nothing else is said: every multiple of 8 divides into them.
  public static let usualGroups = 8

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

  /// Number of values that a network of this shape has.
  public var parameterCount: Double {
    // Widths out of range are refused elsewhere, and would not even fit an integer here.
    guard widths.contains(width) else { return .infinity }
    let plan = plan
    let body = plan.parameterCount + (plan.output + 2) * lastChannels
    return Double(body + (lastChannels + 1) * features)
      + Double(features + 1) * Double(classes ?? 0)
  }

  private var widths: ClosedRange<Double> { 0.01...32 }

  /// - Throws: `TorchError` when a size is out of range.
  public func validate() throws {
    guard widths.contains(width) else {
      throw TorchError("mobilenetV3: width \(width) must be between 0.01 and 32")
    }
    if case .group(let groups) = norm, ![1, 2, 4, 8].contains(groups) {
      throw TorchError(
        "mobilenetV3: groups \(groups) must be 1, 2, 4 or 8, as channels are multiples of 8")
    }
    try checkClasses()
  }
}
