import Foundation
import FunMatchFiles
import FunMatchFrozen
import FunMatchRecipes
import FunMatchSettings

/// What the networks of a run compute with. It is settled before the first step and kept in the run's folder, since other
/// engines and formats give other bits.
public struct EngineChoice: Codable, Sendable, Equatable {
  /// The teachers, in the order of the recipe.
  public let teachers: [Computation]
  /// What the student's convolutions compute in.
  public let student: Precision

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
    let recipe = try RecipeFile(path: folder.recipe, registry: registry).recipe
    let count = kind == .supervision ? 0 : recipe.shared.teachers.count
    let text = files.contents(atPath: folder.recipe).map { String(decoding: $0, as: UTF8.self) }
    let isEarlier = RecipeText.values(in: text ?? "")["engine"] == nil
    if !files.fileExists(atPath: folder.engine), isEarlier {
      let part = Computation(engine: .libtorch, precision: recipe.shared.precision)
      return EngineChoice(
        teachers: Array(repeating: part, count: count), student: recipe.student.precision)
    }
    guard let kept = JSONText.read(folder.engine, as: EngineChoice.self),
      kept.student != .auto, kept.teachers.isEmpty || kept.teachers.count == count || count == 0
    else {
      throw RecipeError(
        "\(folder.engine): is damaged or missing; expected what teachers and student compute with, in JSON"
      )
    }
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
