import Foundation

/// One student of a report: what its folder tells.
struct ReportStudent {
  enum State: String {
    case finished, unfinished, waiting, failed
    case halved = "stopped early"
    case missing = "no folder"
  }

  var name: String
  /// Its recipe by dotted key, with a study's settings on top.
  private(set) var values: [String: String]
  /// Its teachers' files of weights and the pixels that they look at.
  let teachers: [(file: String, resolution: String)]
  /// The teachers in words; `nil` without teachers.
  private(set) var teacherName: String?
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
    teachers = Self.teachers(values)
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
      case .finished where !isStarted: .missing
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

  /// Gives the teachers these names of their files.
  mutating func tellTeachers(by names: [String: String]) {
    let words = teachers.map { "\(names[$0.file] ?? $0.file), \($0.resolution) px" }
    teacherName = words.isEmpty ? nil : words.joined(separator: " + ")
  }

  /// Names of files, each with as many folders as tell it from the others.
  static func tellingNames(_ files: [String]) -> [String: String] {
    let parts = Dictionary(
      files.map { file in
        let name = (file as NSString).deletingPathExtension
        return (file, name.split(separator: "/").filter { $0 != "." && $0 != ".." })
      }, uniquingKeysWith: { $1 })
    return parts.mapValues { own in
      let ends = (1...max(1, own.count)).lazy.map { own.suffix($0) }
      let end = ends.first { end in
        parts.values.allSatisfy { $0 == own || $0.suffix(end.count) != end }
      }
      return (end ?? own[...]).joined(separator: "/")
    }
  }

  private static func teachers(
    _ values: [String: String]
  ) -> [(file: String, resolution: String)] {
    (0..<64).lazy.map { index -> (file: String, resolution: String)? in
      let key = "teachers.\(index)."
      guard let resolution = values[key + "resolution"] else { return nil }
      return (values[key + "weights"] ?? values[key + "model"] ?? "teacher", resolution)
    }.prefix { $0 != nil }.compactMap(\.self)
  }

  private static func text(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path),
      let text = String(data: bytes, encoding: .utf8)
    else { throw ExperimentError("\(path): cannot be read; expected text") }
    return text
  }
}
