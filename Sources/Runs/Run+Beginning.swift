import FunMatchDistillation
import FunMatchRecipes

extension Run {
  /// How a run ended.
  public enum Outcome: Sendable {
    /// All steps are made; with the student's figures on the test images, if the recipe names some,
    /// and its file.
    case finished(Comparison?, student: String)
    /// A signal ended it after this step; `--resume` goes on.
    case stopped(step: Int)
  }

  /// A run of so many hours or more measures as long as any other: at most two minutes, a tenth of it.
  private static var hoursForMeasuring: Double { 1.0 / 3 }

  /// Makes sure that the folder is free or holds this very run, and puts into it what a branch goes on from.
  ///
  /// - Returns: the recipe, with its length where the folder's run has found it out; the options, with what networks compute
  ///   with where that is settled; and whether nothing is left to be done.
  /// - Throws: `RecipeError` when the folder holds something else.
  func begin(
    in folder: RunFolder
  ) throws -> (file: RecipeFile, options: RunOptions, isFinished: Bool) {
    try options.checkSame(
      "recipe", RecipeFile.text(file.recipe), difference: RecipeText.difference)
    var begun = options
    begun.resume = options.resume || branch != nil
    let file = try settled(in: folder)
    let resume = begun.resume
    let isFinished = try options.shared {
      let count: RunFolder.ImageCount = { try $0.count(in: options.datasets) }
      try branch?.begin(folder, file, kind, options, count)
      try folder.check(file, resume: resume, imageCount: count)
      return resume && folder.isFinished(kind: kind.rawValue)
    }
    if let hours = file.recipe.student.schedule.hours {
      begun.measuringShare = min(1, hours / Self.hoursForMeasuring)
    }
    if !isFinished { begun.chosen = try EngineChoice.kept(in: folder, kind, options.registry) }
    return (file, begun, isFinished)
  }
}
