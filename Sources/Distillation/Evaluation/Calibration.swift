import Foundation

/// Whether a network is right as often as it believes: images by the probability of their most likely
/// class.
///
/// Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv 1706.04599, equation 3.
public struct Calibration: MetricAccumulator, Sendable, Equatable {
  /// Labelled images of similar confidence.
  public struct Bin: Codable, Sendable, Equatable {
    /// Number of images.
    public let images: Int
    /// Mean probability of the most likely class; `nil` without images.
    public let confidence: Double?
    /// Share of images of which it is the label; `nil` without images.
    public let accuracy: Double?
  }

  /// Number of bins of equal width that (0, 1] is divided into.
  public static let binCount = 15

  private var images = [Int](repeating: 0, count: binCount)
  private var right = [Int](repeating: 0, count: binCount)
  private var confidence = [Double](repeating: 0, count: binCount)

  /// No images yet.
  public init() {}

  /// Adds those of the images that have labels.
  public mutating func add(_ images: EvaluatedImages) {
    for image in images.images {
      guard let label = image.label else { continue }
      let row = image.logits
      count(
        confidence: exp(row.logarithm(row.choice)), isRight: row.rank(of: label) < 1)
    }
  }

  /// Adds other images.
  public mutating func merge(_ other: Calibration) {
    for bin in images.indices {
      images[bin] += other.images[bin]
      right[bin] += other.right[bin]
      confidence[bin] += other.confidence[bin]
    }
  }

  /// Adds an image.
  mutating func count(confidence value: Double, isRight: Bool) {
    // A bin holds its upper bound; NaN has to be somewhere.
    let count = Double(Self.binCount)
    let bin = value > 0 ? Int(min((value * count).rounded(.up), count)) - 1 : 0
    images[bin] += 1
    right[bin] += isRight ? 1 : 0
    confidence[bin] += value
  }

  /// The bins, from unsure to sure.
  public var bins: [Bin] {
    images.indices.map { bin in
      let count = Double(images[bin])
      return Bin(
        images: images[bin], confidence: count > 0 ? confidence[bin] / count : nil,
        accuracy: count > 0 ? Double(right[bin]) / count : nil)
    }
  }

  /// The expected calibration error (`error`).
  public var value: Double? { error }

  /// The expected calibration error, 0...1: by how much accuracy and confidence differ in a bin, in
  /// the mean over images; `nil` without images.
  public var error: Double? {
    let total = images.reduce(0, +)
    guard total > 0 else { return nil }
    let gaps = images.indices.map { abs(Double(right[$0]) - confidence[$0]) }
    return gaps.reduce(0, +) / Double(total)
  }
}
