import ArgumentParser
import Foundation
import FunMatchRecipes
import FunMatchReports
import FunMatchRuns
import FunMatchSettings

/// What `distill` and `train` have in common beside the recipe: what becomes of the run.
struct RunArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Only try so many steps, and tell shapes, memory and speed; nothing is kept, and images or weights that are not \
      here are made up, programs excepted.
      """,
      valueName: "steps"))
  var dryRun: Int?

  @OptionGroup var settings: RunSettings

  func validate() throws {
    if let dryRun, !(1...1_000_000).contains(dryRun) {
      throw ValidationError("--dry-run must be between 1 and 1000000")
    }
  }

  /// A recipe and what the command line says beside it.
  ///
  /// - Parameter recipe: its file.
  func prepared(
    _ recipe: String, _ registry: Registry
  ) throws -> (file: RecipeFile, options: RunOptions) {
    let datasets = settings.images.datasets(registry)
    let file = try RecipeFile(path: recipe, edits: settings.edits, registry: registry) {
      try $0.count(in: datasets, inventsMissing: dryRun != nil)
    }
    let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
    return (file, try settings.options(name: name, registry, dryRunSteps: dryRun))
  }

  /// Writes how a run ended to standard output, and its report if it is finished.
  func report(_ outcome: Run.Outcome, _ options: RunOptions) {
    guard options.group?.isFirst ?? true else { return }
    switch outcome {
    case .finished(let comparison, let student):
      let folder = RunFolder(options.output)
      Report.write(
        of: folder.path, to: folder.report, registry: options.registry,
        RunLog.make(path: folder.log, isQuiet: options.isQuiet))
      if let comparison { print(comparison.table) }
      print("student: \(student)")
    case .stopped(step: 0):
      print("stopped before the first step; --resume goes on from there")
    case .stopped(let step):
      print("stopped after step \(step), which is saved; --resume goes on from there")
    }
  }
}
