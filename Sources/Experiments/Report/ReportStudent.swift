import Foundation

/// One student of a report: what its folder tells.
struct ReportStudent {
  enum State: String {
    case finished, unfinished, waiting, failed
    case halved = "stopped early"
  }

  var name: String
  /// Its recipe by dotted key, with a study's settings on top.
  private(set) var values: [String: String]
  /// Its teachers' files of weights and what they look at; `nil` without teachers.
  let teacherName: String?
  /// Whether it has a recipe yet.
  let isStarted: Bool
  /// The recipe's text.
  let recipe: String
  /// What it ran on, as the file has it.
  let environment: String?
  let result: RunResult?
  let metrics: ReportMetrics
  let state: State
  /// Updates made.
  let steps: Int

  /// Reads the folder of a run.
  ///
  /// - Parameters:
  ///   - member: what its study knows of it.
  /// - Throws: `ExperimentError` when something in it is damaged.
  init(_ folder: RunFolder, name: String, member: StudyResult.Student? = nil) throws {
    self.name = name
    let files = FileManager.default
    isStarted = files.fileExists(atPath: folder.recipe)
    var values: [String: String] = [:]
    var text = ""
    if isStarted {
      text = try Self.text(folder.recipe)
      values = RecipeKeys.values(in: text)
      guard !values.isEmpty, values[""] == nil else {
        throw ExperimentError("\(folder.recipe): is damaged; expected a recipe in YAML")
      }
    }
    recipe = text
    for (key, value) in member?.settings ?? [:] { values[key] = Self.plain(value) }
    self.values = values
    teacherName = Self.teacherName(values)
    environment =
      try files.fileExists(atPath: folder.environment)
      ? Self.text(folder.environment).trimmingCharacters(in: .whitespacesAndNewlines) : nil
    result = RunResult(path: folder.result)
    guard result != nil || !files.fileExists(atPath: folder.result) else {
      throw ExperimentError("\(folder.result): is damaged; expected how the run ended, in JSON")
    }
    metrics = try ReportMetrics(path: folder.metrics)
    steps = max(result?.steps ?? 0, member?.steps ?? 0, metrics.lastStep)
    state =
      switch member?.state {
      case .halved: .halved
      case .failed: .failed
      case .waiting where result == nil: steps == 0 ? .waiting : .unfinished
      default: result == nil && member?.state != .finished ? .unfinished : .finished
      }
  }

  /// Numbers in one way of writing, so that 3e-3 and 0.003 are the same setting.
  static func plain(_ value: String) -> String {
    let value = value.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let number = Double(value), number.isFinite else { return value }
    return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
  }

  /// Images a step.
  var batchSize: Int? { values["batchSize"].flatMap(Int.init) }
  /// Views that the student was shown.
  var images: Int? { result?.images ?? batchSize.map { $0 * steps } }
  /// Seconds of all steps, evaluations left out.
  var seconds: Double? {
    guard let perImage = metrics.secondsPerImage, let batchSize else { return nil }
    return perImage * Double(batchSize)
  }
  /// Multiply-accumulates of the teachers' answers, each view asked of them anew; `nil` where they
  /// are not known, or the teachers were asked beforehand.
  var teacherWork: Double? {
    guard let macs = result?.teacher?.macs, let images, !isAskedBeforehand else { return nil }
    return Double(macs) * Double(images)
  }
  /// Whether the teachers see each image in one way only.
  var isAskedBeforehand: Bool { values["views.policy"]?.hasPrefix("fix/") ?? false }

  /// Keys of its teachers and their values.
  var teacherValues: [String: String] {
    values.filter { $0.key == "teachers" || $0.key.hasPrefix("teachers.") }
  }

  /// Puts the teachers' names in the place of all their keys.
  mutating func nameTeachers() {
    values = values.filter { !$0.key.hasPrefix("teachers.") }
    values["teachers"] = teacherName ?? "none"
  }

  private static func teacherName(_ values: [String: String]) -> String? {
    let names = (0..<64).lazy.map { index -> String? in
      let key = "teachers.\(index)."
      guard let resolution = values[key + "resolution"] else { return nil }
      let file = values[key + "weights"] ?? values[key + "model"] ?? "teacher"
      let name = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
      return "\(name), \(resolution) px"
    }.prefix { $0 != nil }.compactMap(\.self)
    return names.isEmpty ? nil : names.joined(separator: " + ")
  }

  private static func text(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path),
      let text = String(data: bytes, encoding: .utf8)
    else { throw ExperimentError("\(path): cannot be read; expected text") }
    return text
  }
}
