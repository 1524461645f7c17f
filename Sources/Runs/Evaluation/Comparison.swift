import FunMatchDistillation
import FunMatchFiles
import FunMatchSettings

/// A student and, where there are any, its teachers on the same images: a table for people, an object
/// for programs.
public struct Comparison: Sendable, Equatable {
  /// Number of images.
  public let images: Int
  /// The larger network, or several as one; `nil` where the student was looked at alone.
  public let teacher: EvaluatedNetwork?
  /// The network in question.
  public let student: EvaluatedNetwork
  /// Metrics of student beside teacher, by key.
  public let values: [String: Double]
  /// The student's classes in the order of the logits; this and what follows is `nil` without
  /// labels, or where nobody wanted it.
  public let perClass: [ClassResult]?
  /// How many images of class i (row) the student takes for class j (column); `nil` with more than
  /// `largestTable` classes, too.
  public let confusion: [[Int]]?
  /// The student's bins of equal confidence.
  public let calibration: [Calibration.Bin]?
  /// What the figures are of, for the table.
  let metrics: [Metric]

  /// The most classes of which a table of all pairs is written.
  public static let largestTable = 2000

  /// The figures of an evaluation beside what is known of the networks.
  ///
  /// - Parameters:
  ///   - detail: what the student makes of each class, if it shall be told.
  ///   - classNames: in the order of the logits; a class beyond them is called by its number.
  public init(
    _ evaluation: Evaluation, metrics: [Metric] = Metrics.builtIn, student: EvaluatedNetwork,
    teacher: EvaluatedNetwork?, detail: EvaluationDetail? = nil, classNames: [String] = []
  ) {
    images = evaluation.images
    (self.teacher, self.metrics) = (teacher, metrics)
    let pairs = Set(metrics.filter { $0.subject == .pair }.map(\.key))
    values = evaluation.values.filter { pairs.contains($0.key) && $0.value.isFinite }
    self.student = EvaluatedNetwork(
      copying: student, student.values.filter { !pairs.contains($0.key) })
    perClass = detail?.classes.enumerated().map { number, result in
      ClassResult(
        name: number < classNames.count ? classNames[number] : String(number),
        images: result.images, top1: result.top1)
    }
    confusion = detail.flatMap { $0.classes.count > Self.largestTable ? nil : $0.confusion }
    // Confidences of a broken network are NaN.
    calibration = detail?.calibration.error?.isFinite == true ? detail?.calibration.bins : nil
  }

  /// A figure of the student, its own or beside the teacher.
  public subscript(_ metric: Metric) -> Double? { values[metric.key] ?? student[metric] }

  /// The table, without a line break at its end.
  public var table: String {
    // Among five classes everything is among the first five.
    let own = metrics.filter { metric in
      metric.subject == .network
        && (metric.isInTables || (metric.key == Metric.top5.key && student.classes > 5))
    }
    let pairs = metrics.filter { $0.subject == .pair && $0.isInTables && $0.unit == .share }
    var table = TextTable(
      ["", "parameters", "MACs/image"] + (own + pairs).map(\.title) + ["images/s"])
    func append(_ name: String, _ network: EvaluatedNetwork, _ values: [String: Double]) {
      let figures =
        own.map { network[$0] } + pairs.map { values[$0.key] }
      table.append(
        [name, NumberText.grouped(network.parameters), NumberText.grouped(network.macs)]
          + figures.map { $0.map { NumberText.fixed($0, 4) } ?? "-" }
          + [NumberText.grouped(Int(network.imagesPerSecond.rounded()))])
    }
    if let teacher { append("teacher", teacher, [:]) }
    append(teacher == nil ? "model" : "student", student, values)
    return table.text(left: 1) + "\n(\(NumberText.grouped(images)) images)"
  }
}

extension Comparison: Codable {
  private static let own: Set<String> = [
    "images", "teacher", "student", "perClass", "confusion", "calibration",
  ]

  /// Reads what `encode(to:)` writes.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: KeyName.self)
    images = try keys.decode(Int.self, forKey: KeyName("images"))
    teacher = try keys.decodeIfPresent(EvaluatedNetwork.self, forKey: KeyName("teacher"))
    student = try keys.decode(EvaluatedNetwork.self, forKey: KeyName("student"))
    perClass = try keys.decodeIfPresent([ClassResult].self, forKey: KeyName("perClass"))
    confusion = try keys.decodeIfPresent([[Int]].self, forKey: KeyName("confusion"))
    calibration = try keys.decodeIfPresent([Calibration.Bin].self, forKey: KeyName("calibration"))
    values = try keys.figures(but: Self.own)
    metrics = decoder.registry.metrics
  }

  /// Writes the metrics of the pair beside the other keys.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: KeyName.self)
    try keys.encode(images, forKey: KeyName("images"))
    try keys.encodeIfPresent(teacher, forKey: KeyName("teacher"))
    try keys.encode(student, forKey: KeyName("student"))
    for (key, value) in values { try keys.encode(value, forKey: KeyName(key)) }
    try keys.encodeIfPresent(perClass, forKey: KeyName("perClass"))
    try keys.encodeIfPresent(confusion, forKey: KeyName("confusion"))
    try keys.encodeIfPresent(calibration, forKey: KeyName("calibration"))
  }

  /// Whether both tell the same.
  public static func == (one: Comparison, other: Comparison) -> Bool {
    one.images == other.images && one.teacher == other.teacher && one.student == other.student
      && one.values == other.values && one.perClass == other.perClass
      && one.confusion == other.confusion && one.calibration == other.calibration
  }
}
