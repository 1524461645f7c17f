import FunMatchSettings

/// A figure of an evaluation. One declaration brings it into `metrics.jsonl`, TensorBoard, `funmatch evaluate`, tables and
/// reports; a user of the library adds one with `Registry.adding(metric:)`.
public struct Metric: Sendable {
  /// Whose figure it is.
  public enum Subject: Sendable {
    /// A network's own, of student and teachers alike.
    case network
    /// A student's beside its teacher; there is none without.
    case pair
  }

  /// What it is measured in.
  public enum Unit: Sendable {
    /// A share in [0, 1], which people read as per cent.
    case share
    /// Nats.
    case nats
    /// A number without a unit.
    case number
  }

  /// Its name for programs: `top1`. In `metrics.jsonl` it is `validation.top1`, and a teacher's own `validation.teacherTop1`.
  public let key: String
  /// Its name for people, in the middle of a sentence.
  public let title: String
  /// Whose it is.
  public let subject: Subject
  /// What it is measured in.
  public let unit: Unit
  /// Whether more is better; `nil` where neither is.
  public let isHigherBetter: Bool?
  /// Whether tables and reports have a column of it.
  public let isInTables: Bool
  private let make: @Sendable () -> any MetricAccumulator

  /// A metric that is added up by an accumulator.
  ///
  /// - Parameter make: an accumulator that has no images yet.
  public init(
    _ key: String, _ title: String, of subject: Subject, in unit: Unit, isHigherBetter: Bool?,
    isInTables: Bool = true, _ make: @escaping @Sendable () -> any MetricAccumulator
  ) {
    (self.key, self.title, self.subject, self.unit) = (key, title, subject, unit)
    (self.isHigherBetter, self.isInTables, self.make) = (isHigherBetter, isInTables, make)
  }

  /// A metric that is a mean over images.
  ///
  /// - Parameter term: of an image; `nil` where it does not count, such as an image without a label.
  public static func mean(
    _ key: String, _ title: String, of subject: Subject, in unit: Unit, isHigherBetter: Bool?,
    isInTables: Bool = true, _ term: @escaping @Sendable (EvaluatedImages.Image) -> Double?
  ) -> Metric {
    Metric(
      key, title, of: subject, in: unit, isHigherBetter: isHigherBetter, isInTables: isInTables
    ) { MeanAccumulator(term) }
  }

  /// An accumulator that has no images yet.
  func accumulator() -> any MetricAccumulator { make() }

  /// What a teacher's own figure is called: `teacherTop1`.
  public var teacherKey: String { "teacher" + key.prefix(1).uppercased() + key.dropFirst() }
}

/// The metrics that evaluations compute.
public enum Metrics: RegistryKind {
  /// What comes with this package.
  public static let builtIn: [Metric] = [
    .top1, .top5, .loss, .entropy, .calibrationError, .agreement, .agreementTop5, .kl, .euclidean,
  ]
  /// What recipes call an entry.
  public static func name(_ entry: Metric) -> String { entry.key }
}

extension Registry {
  /// The same with one more metric.
  public func adding(metric: Metric) -> Registry { adding(metric, to: Metrics.self) }

  /// All metrics.
  public var metrics: [Metric] { entries(Metrics.self) }
}
