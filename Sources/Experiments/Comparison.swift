import FunMatchDistillation

/// A student and, where there are any, its teachers on the same images: a table for people, an object
/// for programs.
public struct Comparison: Codable, Sendable, Equatable {
  /// Number of images.
  public let images: Int
  /// The larger network, or several as one; `nil` where the student was looked at alone.
  public let teacher: Contestant?
  /// The network in question.
  public let student: Contestant
  /// Share of images on which both choose the same class.
  public let agreement: Double?
  /// Share of images on which the teacher's choice is among the student's first five.
  public let agreementTop5: Double?
  /// Mean KL(teacher ‖ student) in nats.
  public let kl: Double?
  /// Mean Euclidean distance of the logits.
  public let euclidean: Double?
  /// The student's classes in the order of the logits; this and what follows is `nil` without
  /// labels, or where nobody asked.
  public let perClass: [ClassResult]?
  /// How many images of class i (row) the student takes for class j (column); `nil` with more than
  /// `largestTable` classes, too.
  public let confusion: [[Int]]?
  /// The student's bins of equal confidence.
  public let calibration: [Calibration.Bin]?

  /// The most classes of which a table of all pairs is written.
  public static let largestTable = 2000

  /// The figures of an evaluation beside what is known of the networks.
  ///
  /// - Parameters:
  ///   - detail: what the student makes of each class, if it shall be told.
  ///   - classNames: in the order of the logits; a class beyond them is called by its number.
  public init(
    _ evaluation: Evaluation, student: Contestant, teacher: Contestant?,
    detail: EvaluationDetail? = nil, classNames: [String] = []
  ) {
    images = evaluation.images
    self.teacher = teacher
    self.student = student
    agreement = evaluation.agreement
    agreementTop5 = evaluation.agreementTop5
    kl = Self.finite(evaluation.kl)
    euclidean = Self.finite(evaluation.euclidean)
    perClass = detail?.classes.enumerated().map { number, result in
      ClassResult(
        name: number < classNames.count ? classNames[number] : String(number),
        images: result.images, top1: result.top1)
    }
    confusion = detail.flatMap { $0.classes.count > Self.largestTable ? nil : $0.confusion }
    // Confidences of a broken network are NaN.
    calibration = detail?.calibration.error?.isFinite == true ? detail?.calibration.bins : nil
  }

  /// The table, without a line break at its end.
  public var table: String {
    // Among five classes everything is among the first five.
    let showsTop5 = student.classes > 5
    var rows = [["", "parameters", "MACs/image", "top-1"]]
    rows[0] += (showsTop5 ? ["top-5"] : []) + ["agreement", "images/s"]
    func row(_ name: String, _ network: Contestant, _ agreement: Double?) -> [String] {
      let shares = [network.top1] + (showsTop5 ? [network.top5] : []) + [agreement]
      return [name, Self.grouped(network.parameters), Self.grouped(network.macs)]
        + shares.map { $0.map { ProgressLine.fixed($0, 4) } ?? "-" }
        + [Self.grouped(Int(network.imagesPerSecond.rounded()))]
    }
    if let teacher { rows.append(row("teacher", teacher, nil)) }
    rows.append(row(teacher == nil ? "model" : "student", student, agreement))
    let widths = rows[0].indices.map { column in rows.map(\.[column].count).max() ?? 0 }
    return rows.map { cells in
      zip(cells, widths).enumerated().map { column, pair in
        let space = String(repeating: " ", count: pair.1 - pair.0.count)
        return column == 0 ? pair.0 + space : space + pair.0
      }.joined(separator: "  ")
    }.joined(separator: "\n") + "\n(\(Self.grouped(images)) images)"
  }

  /// A whole number with commas between thousands.
  public static func grouped(_ number: Int?) -> String {
    guard let number else { return "-" }
    var digits = String(abs(number))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// JSON has no word for other numbers.
  static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
