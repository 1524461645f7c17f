/// What a metric adds up over the images of an evaluation.
public protocol MetricAccumulator {
  /// Adds images.
  mutating func add(_ images: EvaluatedImages)
  /// Adds what another one of the same metric has added up, of other images: several processes split an evaluation.
  mutating func merge(_ other: Self)
  /// The metric; `nil` where no image counts.
  var value: Double? { get }
}

/// The mean over images of something that each has by itself.
public struct MeanAccumulator: MetricAccumulator {
  private var sum = 0.0
  private var count = 0
  private let term: @Sendable (EvaluatedImages.Image) -> Double?

  /// - Parameter term: of an image; `nil` where it does not count, such as an image without a label.
  public init(_ term: @escaping @Sendable (EvaluatedImages.Image) -> Double?) { self.term = term }

  /// Adds images.
  public mutating func add(_ images: EvaluatedImages) {
    for image in images.images {
      guard let value = term(image) else { continue }
      sum += value
      count += 1
    }
  }

  /// Adds another sum.
  public mutating func merge(_ other: MeanAccumulator) {
    sum += other.sum
    count += other.count
  }

  /// The mean.
  public var value: Double? { count > 0 ? sum / Double(count) : nil }
}
