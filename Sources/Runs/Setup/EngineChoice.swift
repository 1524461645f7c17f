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
  /// - Throws: `FileError` when its file is damaged or missing.
  package static func kept(in folder: RunFolder, _ registry: Registry) throws -> EngineChoice? {
    let files = FileManager.default
    guard Checkpoint.exists(in: folder.checkpoints) || files.fileExists(atPath: folder.result)
    else {
      return nil
    }
    let recipe = try RecipeFile(path: folder.recipe, registry: registry).recipe
    if !files.fileExists(atPath: folder.engine), recipe.shared.precision != .auto,
      recipe.student.precision != .auto
    {
      let part = Computation(engine: .libtorch, precision: recipe.shared.precision)
      return EngineChoice(
        teachers: recipe.shared.teachers.map { _ in part }, student: recipe.student.precision)
    }
    guard let kept = JSONText.read(folder.engine, as: EngineChoice.self),
      kept.teachers.count == recipe.shared.teachers.count || kept.teachers.isEmpty
    else {
      throw FileError(
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
