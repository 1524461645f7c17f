import FunMatchTorch

/// All metrics of an evaluation as they add up.
public struct MetricTally {
  /// Number of images so far.
  public private(set) var images = 0
  private let metrics: [Metric]
  private var own: [any MetricAccumulator]
  private var teachers: [any MetricAccumulator]

  /// No images yet.
  public init(_ metrics: [Metric] = Metrics.builtIn) {
    self.metrics = metrics
    own = metrics.map { $0.accumulator() }
    teachers = own
  }

  /// Adds images.
  ///
  /// - Parameters:
  ///   - logits: the network's, (N, classes).
  ///   - labels: N classes, each in 0 ..< classes; `nil` where nobody labelled the image.
  ///   - teacher: the teacher's logits, (N, classes), of all images or of none.
  public mutating func add(_ logits: Tensor, _ labels: [Int?], teacher: Tensor? = nil) {
    add(EvaluatedImages(logits, teacher: teacher, labels: labels))
  }

  /// Adds images.
  mutating func add(_ added: EvaluatedImages) {
    images += added.images.count
    for place in metrics.indices { own[place].add(added) }
    guard let ofTeacher = added.ofTeacher else { return }
    for place in metrics.indices where metrics[place].subject == .network {
      teachers[place].add(ofTeacher)
    }
  }

  /// Adds what another tally of the same metrics has of other images.
  public mutating func merge(_ other: MetricTally) {
    images += other.images
    for place in metrics.indices {
      own[place] = Self.merged(own[place], other.own[place])
      teachers[place] = Self.merged(teachers[place], other.teachers[place])
    }
  }

  private static func merged<Accumulator: MetricAccumulator>(
    _ one: Accumulator, _ other: any MetricAccumulator
  ) -> any MetricAccumulator {
    guard let other = other as? Accumulator else {
      preconditionFailure("\(other) is another metric than \(one)")
    }
    var merged = one
    merged.merge(other)
    return merged
  }

  /// The figures by key, of the metrics that any image counted for.
  public var values: [String: Double] { values(own, of: [.network, .pair]) }

  /// The teacher's own.
  public var teacherValues: [String: Double] { values(teachers, of: [.network]) }

  private func values(
    _ accumulators: [any MetricAccumulator], of subjects: [Metric.Subject]
  ) -> [String: Double] {
    Dictionary(
      zip(metrics, accumulators).compactMap { metric, accumulator in
        guard subjects.contains(metric.subject), let value = accumulator.value else { return nil }
        return (metric.key, value)
      }, uniquingKeysWith: { $1 })
  }
}
