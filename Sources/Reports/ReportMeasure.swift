import FunMatchDistillation
import FunMatchFiles

/// A figure of a student that reports show: a metric on some images.
struct ReportMeasure: Equatable {
  /// Which images.
  enum Split: String, CaseIterable {
    case test, validation
  }

  let metric: Metric
  let split: Split

  /// All that tables may have columns of, the most telling first.
  static func all(_ metrics: [Metric]) -> [ReportMeasure] {
    metrics.filter(\.isInTables).flatMap { metric in
      Split.allCases.map { ReportMeasure(metric: metric, split: $0) }
    }
  }

  /// What is told of a student: the first of these that it has.
  static let telling = Metric.leading.flatMap { metric in
    Split.allCases.map { ReportMeasure(metric: metric, split: $0) }
  }

  /// What students are ranked by, where all have it: test images that chose would tell too much of the chosen.
  static let choosing = telling.filter { $0.split == .validation }

  static func == (one: ReportMeasure, other: ReportMeasure) -> Bool { one.key == other.key }

  func value(_ student: ReportStudent) -> Double? {
    switch split {
    case .test: student.result?.test?[metric]
    case .validation: student.metrics.evaluations.last?[metric]
    }
  }

  /// The teacher's own value on the same images.
  func teacher(_ student: ReportStudent) -> Double? {
    switch split {
    case .test: student.result?.test?.teacher?[metric]
    case .validation:
      student.metrics.evaluations.lazy.reversed().compactMap { $0.teacher(metric) }.first
    }
  }

  /// Its name for programs.
  var key: String { "\(split.rawValue).\(metric.key)" }

  var isShare: Bool { metric.unit == .share }

  /// The heading of its column.
  var heading: String {
    let unit =
      switch metric.unit {
      case .share: ", %"
      case .nats: ", nats"
      case .number: ""
      }
    return "\(split.rawValue) \(metric.title)\(unit)"
  }

  /// In a sentence, behind a number.
  var words: String {
    "\(metric.title)\(metric.subject == .pair ? " with the teacher" : "") on the \(split.rawValue) images"
  }

  /// The value as tables have it: per cent with two digits, or a number with four.
  func text(_ value: Double) -> String {
    isShare ? NumberText.fixed(100 * value, 2) : plainText(value)
  }

  /// The heading without a unit of fractions.
  var plainHeading: String { heading.replacing(", %", with: "") }

  /// The value as the tool's own tables have it: four digits.
  func plainText(_ value: Double) -> String {
    abs(value) < 1e6 ? NumberText.fixed(value, 4) : NumberText.significant(value)
  }
}
