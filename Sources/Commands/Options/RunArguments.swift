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
      Go on from a kept checkpoint of another run, whose recipe is taken, with another end: --set schedule.cooldownSteps=… \
      cools it down from there. Without a step the newest is taken. That run is only read, and may go on.
      """,
      valueName: "run[@step]"))
  var branch: String?

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
    if branch != nil, settings.output == nil, dryRun == nil {
      throw ValidationError("--branch needs --output, a folder of its own")
    }
    if let dryRun, !(1...1_000_000).contains(dryRun) {
      throw ValidationError("--dry-run must be between 1 and 1000000")
    }
  }

  /// Makes sure that there is one recipe.
  func check(recipe: String?) throws {
    guard branch == nil || recipe == nil else {
      throw ValidationError(
        "--branch takes the recipe of its run; give no other, and change keys with --set")
    }
  }

  /// What a run is made of: its recipe, what the command line says beside it, and the run that it goes on from, if it is a
  /// branch.
  typealias Prepared = (file: RecipeFile, options: RunOptions, branch: Branch?)

  /// - Parameter recipe: its file; `nil` where it is a branch, which takes that of its run.
  func prepared(_ recipe: String?, _ registry: Registry) throws -> Prepared {
    let datasets = settings.images.datasets(registry)
    let count: RunFolder.ImageCount = {
      try $0.count(in: datasets, inventsMissing: dryRun != nil)
    }
    if let branch {
      let options = try settings.options(name: "branch", registry, dryRunSteps: dryRun)
      let branch = try Branch(branch, output: options.output, options)
      return (try branch.recipe(settings.edits, registry, imageCount: count), options, branch)
    }
    let recipe = recipe ?? ""
    let file = try RecipeFile(
      path: recipe, edits: settings.edits, registry: registry, imageCount: count)
    let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
    return (file, try settings.options(name: name, registry, dryRunSteps: dryRun), nil)
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
