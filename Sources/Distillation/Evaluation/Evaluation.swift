/// A network's figures on a data set, beside a teacher's if there is one.
public struct Evaluation: Sendable, Equatable {
  /// Number of images.
  public let images: Int
  /// Figures by the keys of their metrics; those that need labels or a teacher are there only with these.
  public let values: [String: Double]
  /// The teacher's own; empty without a teacher.
  public let teacherValues: [String: Double]
  /// Images a second through the network alone.
  public let imagesPerSecond: Double
  /// Images a second through the teacher alone; of several, through all one after the other.
  public let teacherImagesPerSecond: Double?

  /// The figures of a tally.
  ///
  /// - Parameters:
  ///   - seconds: that the network took.
  ///   - teacherSeconds: that the teachers took; `nil` without a teacher.
  public init(_ tally: MetricTally, seconds: Double, teacherSeconds: Double?) {
    func speed(_ seconds: Double) -> Double { Double(tally.images) / max(seconds, 1e-9) }
    images = tally.images
    values = tally.values
    teacherValues = teacherSeconds == nil ? [:] : tally.teacherValues
    imagesPerSecond = speed(seconds)
    teacherImagesPerSecond = teacherSeconds.map(speed)
  }

  /// A figure; `nil` where it needs what is not there.
  public subscript(_ metric: Metric) -> Double? { values[metric.key] }

  /// A teacher's own figure.
  public func teacher(_ metric: Metric) -> Double? { teacherValues[metric.key] }

  /// All figures by their keys, the teacher's as `teacherTop1`.
  public func figures(_ metrics: [Metric]) -> [String: Double] {
    metrics.reduce(into: [:]) { figures, metric in
      figures[metric.key] = self[metric]
      figures[metric.teacherKey] = teacher(metric)
    }
  }
}
