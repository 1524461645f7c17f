import FunMatchRecipes

/// What is special about runs of so many hours.
extension Run {
  /// The recipe, with its length where the folder's run has found out how much its hours hold.
  ///
  /// - Throws: `RecipeError` when the folder's recipe cannot be read.
  func settled(in folder: RunFolder) throws -> RecipeFile {
    guard options.resume, let text = try options.shared({ try folder.settled(file) }) else {
      return file
    }
    let recipe: Recipe = try RecipeFile.value(text, file.path, registry: file.registry)
    return file.with { $0 = recipe }
  }

  /// Makes the steps before the cool-down of a run of so many hours; its recipe then has its length in steps, and it goes on
  /// from there. Does nothing for other runs.
  ///
  /// - Returns: the step after which the user stopped it, if so.
  /// - Throws: what making steps throws.
  func makeTrunk(
    _ group: TrainingGroup, _ file: inout RecipeFile, _ options: inout RunOptions
  ) throws -> Int? {
    guard file.recipe.student.schedule.hours != nil else { return nil }
    switch try Trunk(group: group, recipe: file.recipe, options: options)() {
    case .stopped(let step): return step
    case .settled(let known, let notes):
      file = file.with { $0 = known }
      (options.resume, options.notes) = (true, notes)
      return nil
    }
  }
}
