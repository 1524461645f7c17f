import Foundation

/// A figure of a student that reports show, the most telling first.
enum ReportMeasure: CaseIterable {
  case testTop1, validationTop1, testAgreement, validationAgreement, testKL, validationKL

  /// What is told of a student: the first of these that it has.
  static let telling: [ReportMeasure] = [
    .testTop1, .validationTop1, .testAgreement, .validationAgreement,
  ]

  /// What students are ranked by, where all have it: test images that chose would tell too much of the chosen.
  static let choosing: [ReportMeasure] = [.validationTop1, .validationAgreement]

  func value(_ student: ReportStudent) -> Double? {
    let (test, last) = (student.result?.test, student.metrics.evaluations.last)
    return switch self {
    case .testTop1: test?.student.top1
    case .validationTop1: last?.top1
    case .testAgreement: test?.agreement
    case .validationAgreement: last?.agreement
    case .testKL: test?.kl
    case .validationKL: last?.kl
    }
  }

  /// The teacher's own value on the same images.
  func teacher(_ student: ReportStudent) -> Double? {
    switch self {
    case .testTop1: student.result?.test?.teacher?.top1
    case .validationTop1: student.metrics.evaluations.last { $0.teacherTop1 != nil }?.teacherTop1
    default: nil
    }
  }

  /// Its name for programs.
  var key: String {
    switch self {
    case .testTop1: "test.top1"
    case .validationTop1: "validation.top1"
    case .testAgreement: "test.agreement"
    case .validationAgreement: "validation.agreement"
    case .testKL: "test.kl"
    case .validationKL: "validation.kl"
    }
  }

  var isShare: Bool { self != .testKL && self != .validationKL }

  /// The heading of its column.
  var heading: String {
    switch self {
    case .testTop1: "test top-1, %"
    case .validationTop1: "validation top-1, %"
    case .testAgreement: "test agreement, %"
    case .validationAgreement: "validation agreement, %"
    case .testKL: "test KL, nats"
    case .validationKL: "validation KL, nats"
    }
  }

  /// In a sentence, behind a number.
  var words: String {
    switch self {
    case .testTop1: "top-1 on the test images"
    case .validationTop1: "top-1 on the validation images"
    case .testAgreement: "agreement with the teacher on the test images"
    case .validationAgreement: "agreement with the teacher on the validation images"
    case .testKL: "KL from the teacher on the test images"
    case .validationKL: "KL from the teacher on the validation images"
    }
  }

  /// The value as tables have it: per cent with two digits, or nats with four.
  func text(_ value: Double) -> String {
    isShare ? ProgressLine.fixed(100 * value, 2) : plainText(value)
  }

  /// The heading without a unit of fractions.
  var plainHeading: String { heading.replacing(", %", with: "") }

  /// The value as the tool's own tables have it: four digits.
  func plainText(_ value: Double) -> String {
    abs(value) < 1e6 ? ProgressLine.fixed(value, 4) : String(format: "%.3e", value)
  }
}
