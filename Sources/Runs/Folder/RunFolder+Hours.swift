import Foundation
import FunMatchFiles
import FunMatchRecipes

/// Runs of so many hours, whose recipe has their length in steps once that is known.
extension RunFolder {
  /// The schedule that the user asked for, there once its length is known.
  var asked: String { path + "/asked.json" }

  private struct Asked: Codable {
    /// YAML.
    let schedule: String
  }

  /// Keeps what was asked for, for `--resume` to know.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  func keepAsked(_ schedule: ScheduleRecipe) throws {
    try JSONText.write(Asked(schedule: try RecipeText.text(schedule)), to: asked)
  }

  /// What the folder's run has made of a recipe: its length, and what was measured.
  ///
  /// - Returns: the text of the recipe; `nil` where the folder's run does not come from its hours, or its length is not known.
  /// - Throws: `RecipeError` when the folder's recipe cannot be read.
  func settled(_ file: RecipeFile) throws -> String? {
    var recipe = file.recipe
    guard recipe.student.schedule.hours != nil,
      try JSONText.read(asked, as: Asked.self)?.schedule == RecipeText.text(recipe.student.schedule)
    else { return nil }
    let kept = try RecipeFile(path: self.recipe, registry: file.registry).recipe
    guard kept.student.schedule.hours == nil else { return nil }
    recipe.student.schedule = kept.student.schedule
    if recipe.shared.engine == .auto { recipe.shared.engine = kept.shared.engine }
    if recipe.shared.precision == .auto { recipe.shared.precision = kept.shared.precision }
    if recipe.student.precision == .auto { recipe.student.precision = kept.student.precision }
    return try RecipeFile.text(recipe)
  }
}
