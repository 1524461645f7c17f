import ArgumentParser
import Foundation
import FunMatchExperiments

/// What `distill` and `train` have in common: a recipe, and the run of it.
struct RunArguments: ParsableArguments {
  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

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

  /// Runs the recipe, or tries it out, and reports how it ended.
  func run(_ kind: Run.Kind) throws {
    let file = try RecipeFile(path: recipe, edits: settings.edits) {
      try Run.imageCount(
        $0, dataFolder: settings.images.dataDir, inventsMissing: dryRun != nil)
    }
    let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
    let options = try settings.options(name: name, dryRunSteps: dryRun)
    if dryRun == nil {
      report(try Run(kind, file, options)())
    } else {
      try DryRun(kind, file, options)() { print($0) }
    }
  }

  /// Writes how a run ended to standard output.
  private func report(_ outcome: Run.Outcome) {
    switch outcome {
    case .finished(let comparison, let student):
      if let comparison { print(comparison.table) }
      print("student: \(student)")
    case .stopped(step: 0):
      print("stopped before the first step; --resume goes on from there")
    case .stopped(let step):
      print("stopped after step \(step), which is saved; --resume goes on from there")
    }
  }
}
