import Foundation
import FunMatchFiles
import FunMatchFrozen
import FunMatchRecipes
import FunMatchSettings

/// What the networks of a run compute with. It is settled before the first step and kept in the run's folder, since other
/// engines and formats give other bits.
public struct EngineChoice: Codable, Sendable {
  /// The teachers, in the order of the recipe.
  public let teachers: [Computation]
  /// What the student's convolutions compute in.
  public let student: Precision
  /// How they share the cores; `nil` in folders of earlier versions.
  public var threads: ThreadPlan?
  /// Which run this is: SHA-256 of its recipe and of what it learns from, as they were when it began. `nil` in folders of
  /// earlier versions.
  var run: String?
  /// What calibration found of teachers in int8, by `scales` of their computations; in a file of its own, since it is long.
  package var calibrations: [String: Int8Network.Findings] = [:]

  private enum CodingKeys: CodingKey { case teachers, student, threads, run }

  /// Whether the same computes, on however many threads.
  package func isSame(as other: EngineChoice) -> Bool {
    teachers == other.teachers && student == other.student
  }

  /// Writes what a run that goes on needs to know.
  ///
  /// - Throws: `FileError` when a file cannot be written.
  package func write(to folder: RunFolder) throws {
    if !calibrations.isEmpty { try JSONText.write(calibrations, to: folder.calibrations) }
    try JSONText.write(self, to: folder.engine)
  }

  /// That of a run which has begun; `nil` where nothing of it would be lost. Folders of earlier versions do not tell: all was
  /// libtorch's, in what the recipe in them says.
  ///
  /// - Throws: `RecipeError` when its file is damaged or missing.
  package static func kept(
    in folder: RunFolder, _ kind: TrainingKind, _ registry: Registry
  ) throws -> EngineChoice? {
    let files = FileManager.default
    guard Checkpoint.exists(in: folder.checkpoints) || files.fileExists(atPath: folder.result)
    else {
      return nil
    }
    return try begun(in: folder, kind, registry)
  }

  /// That of a run of which it is known that it has begun.
  ///
  /// - Throws: `RecipeError` when its file is damaged or missing.
  static func begun(
    in folder: RunFolder, _ kind: TrainingKind, _ registry: Registry
  ) throws -> EngineChoice {
    let files = FileManager.default
    let recipe = try RecipeFile(path: folder.recipe, registry: registry).recipe
    let count = kind == .supervision ? 0 : recipe.shared.teachers.count
    let text = files.contents(atPath: folder.recipe).map { String(decoding: $0, as: UTF8.self) }
    let isEarlier = RecipeText.values(in: text ?? "")["engine"] == nil
    if !files.fileExists(atPath: folder.engine), isEarlier {
      let part = Computation(engine: .libtorch, precision: recipe.shared.precision)
      return EngineChoice(
        teachers: Array(repeating: part, count: count), student: recipe.student.precision)
    }
    guard var kept = JSONText.read(folder.engine, as: EngineChoice.self),
      kept.student != .auto, kept.teachers.isEmpty || kept.teachers.count == count || count == 0,
      kept.threads?.isPossible ?? true
    else {
      throw RecipeError(
        "\(folder.engine): is damaged, changed by hand or missing; expected what teachers and student compute with, in JSON"
      )
    }
    // Where they are missing or damaged, calibration is repeated.
    let found: [String: Int8Network.Findings] = JSONText.read(folder.calibrations) ?? [:]
    kept.calibrations = try found.filter { try $1.checksum() == $0 }
    return kept
  }

  /// In words, for logs.
  package var words: String {
    let others = Set(teachers.map(\.description)).sorted()
    let student = "libtorch \(student)"
    guard !others.isEmpty, others != [student] else { return student }
    return "teachers: \(others.joined(separator: " and ")), student: \(student)"
  }
}
