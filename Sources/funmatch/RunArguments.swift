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

  @Flag(help: "Write results and warnings only.")
  var quiet = false

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var engine: DeviceOptions

  /// The recipe, edited.
  func recipeFile() throws -> RecipeFile { try RecipeFile(path: recipe, edits: edits) }

  /// What the other arguments say.
  func options() throws -> RunOptions {
    let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
    StopSignal.install()
    return RunOptions(
      output: output ?? "runs/\(name)", resume: resume, device: try engine.resolve(),
      isQuiet: quiet, dataFolder: images.dataDir, workers: loading.workers,
      shouldStop: { StopSignal.isRequested })
  }

  /// Writes how a run ended to standard output.
  func report(_ outcome: Run.Outcome) {
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
