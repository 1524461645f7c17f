import ArgumentParser
import Foundation
import FunMatchExperiments

/// What `distill` and `train` have in common.
struct RunArguments: ParsableArguments {
  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Changes a key of the recipe, such as optimizer.adam.learningRate=0.003.",
      valueName: "key=value"))
  var edits: [String] = []

  @Option(help: "The run's folder; runs/ and the recipe's name without it.")
  var output: String?

  @Flag(help: "Continue the run in the folder; start it if there is none.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Save the state and end after this time, such as 90s, 45m, 3h or 2d; --resume goes on.",
      valueName: "time"))
  var stopAfter: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Only try so many steps, and tell shapes, memory and speed; nothing is kept, and images or weights that are not here are made up, programs excepted.",
      valueName: "steps"))
  var dryRun: Int?

  @Flag(help: "Write results and warnings only.")
  var quiet = false

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var engine: DeviceOptions

  func validate() throws {
    if let dryRun, !(1...1_000_000).contains(dryRun) {
      throw ValidationError("--dry-run must be between 1 and 1000000")
    }
  }

  /// Runs the recipe, or tries it out, and reports how it ended.
  func run(_ kind: Run.Kind) throws {
    let file = try recipeFile()
    let options = try options()
    if dryRun == nil {
      report(try Run(kind, file, options)())
    } else {
      try DryRun(kind, file, options)() { print($0) }
    }
  }

  /// The recipe, edited.
  private func recipeFile() throws -> RecipeFile {
    try RecipeFile(path: recipe, edits: edits) {
      try Run.imageCount($0, dataFolder: images.dataDir, inventsMissing: dryRun != nil)
    }
  }

  /// What the other arguments say.
  private func options() throws -> RunOptions {
    let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
    StopSignal.install()
    let end = stopAfter.map { ContinuousClock.now + $0.duration }
    return RunOptions(
      output: output ?? "runs/\(name)", resume: resume, device: try engine.resolve(),
      isQuiet: quiet, dataFolder: images.dataDir, workers: loading.workers,
      dryRunSteps: dryRun,
      shouldStop: { StopSignal.isRequested || end.map { $0 <= .now } == true })
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
