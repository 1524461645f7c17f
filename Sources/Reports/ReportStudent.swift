import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies

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
  /// Its teachers.
  let teachers: [ReportTeacher]
  /// The teachers in words; `nil` without teachers.
  private(set) var teacherName: String?
  /// Whether it has a recipe yet.
  let isStarted: Bool
  /// The recipe's text.
  let recipe: String
  /// What it ran on and what its networks computed with, as the files have it.
  let environment: String?
  let result: RunResult?
  let metrics: RunMetrics
  let state: State
  /// Updates made.
  let steps: Int

  /// Reads the folder of a run.
  ///
  /// - Parameters:
  ///   - member: what its study knows of it.
  /// - Throws: `FileError` when something in it is damaged.
  init(_ folder: RunFolder, name: String, member: StudyResult.Student? = nil) throws {
    self.name = name
    let files = FileManager.default
    isStarted = files.fileExists(atPath: folder.recipe)
    var values: [String: String] = [:]
    var text = ""
    if isStarted {
      text = try Self.text(folder.recipe)
      values = RecipeText.values(in: text)
      guard !values.isEmpty, values[""] == nil else {
        throw FileError("\(folder.recipe): is damaged; expected a recipe in YAML")
      }
    }
    recipe = text
    for (key, value) in member?.settings ?? [:] { values[key] = NumberText.short(value) }
    self.values = values
    let environments = try [folder.environment, folder.engine].filter {
      files.fileExists(atPath: $0)
    }
    .map { try Self.text($0).trimmingCharacters(in: .whitespacesAndNewlines) }
    environment = environments.isEmpty ? nil : environments.joined(separator: "\n")
    let result = RunResult(path: folder.result)
    self.result = result
    teachers = ReportTeacher.all(
      values, origin: result?.origin ?? Checkpoint.newestOrigin(in: folder.checkpoints))
    guard result != nil || !files.fileExists(atPath: folder.result) else {
      throw FileError("\(folder.result): is damaged; expected how the run ended, in JSON")
    }
    metrics = try RunMetrics(path: folder.metrics)
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

  /// Images a step.
  var batchSize: Int? { values["batchSize"].flatMap(Int.init) }
  /// Views that the student was shown.
  var images: Int? { result?.images ?? batchSize.map { $0 * steps } }
  /// Seconds of all steps, evaluations left out.
  var seconds: Double? {
    guard let perImage = metrics.secondsPerImage, let batchSize else { return nil }
    return perImage * Double(batchSize)
  }
  /// Whether the teachers' logits of each image are computed once.
  var hasFixedTeachers: Bool { values["views.policy"]?.hasPrefix("fix/") ?? false }

  /// Keys of its teachers and their values.
  var teacherValues: [String: String] {
    values.filter { $0.key == "teachers" || $0.key.hasPrefix("teachers.") }
  }

  /// Puts the teachers' names in the place of all their keys.
  mutating func replaceTeacherKeys() {
    values = values.filter { !$0.key.hasPrefix("teachers.") }
    values["teachers"] = teacherName ?? "none"
  }

  /// Gives the teachers these names.
  mutating func nameTeachers(by names: [ReportTeacher.Identity: String]) {
    let words = teachers.map { "\(names[$0.identity] ?? $0.file), \($0.resolution) px" }
    teacherName = words.isEmpty ? nil : words.joined(separator: " + ")
  }

  private static func text(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path),
      let text = String(data: bytes, encoding: .utf8)
    else { throw FileError("\(path): cannot be read; expected text") }
    return text
  }
}
