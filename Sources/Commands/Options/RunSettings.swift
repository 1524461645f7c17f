import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// What `distill`, `train` and `study` have in common.
struct RunSettings: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Changes a key of the recipe, such as optimizer.adam.learningRate=0.003.",
      valueName: "key=value"))
  var edits: [String] = []

  @Option(help: "The folder to write to; runs/ and the file's name without it.")
  var output: String?

  @Flag(help: "Go on with what is in the folder; start if there is nothing.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Save the state and end after this time, such as 90s, 45m, 3h or 2d; --resume goes on.",
      valueName: "time"))
  var stopAfter: TimeSpan?

  @Flag(help: "Write results and warnings only.")
  var quiet = false

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var engine: DeviceOptions

  /// Catches signals from now on.
  ///
  /// - Parameter name: that of the folder under `runs`, where none is given.
  func options(
    name: String, _ registry: Registry, dryRunSteps: Int? = nil
  ) throws -> RunOptions {
    let launch = try launch(dryRunSteps)
    // Before signals are caught: nobody else would end a process that waits for others.
    let group = try launch.map { try ProcessGroup($0) }
    StopSignal.install(isOneOfMany: group != nil)
    let end = stopAfter.map { ContinuousClock.now + $0.duration }
    let options = RunOptions(
      output: output ?? "runs/\(name)", resume: resume || launch.map { $0.restarts > 0 } == true,
      device: try engine.resolve(localRank: launch?.localRank), isQuiet: quiet,
      dataFolder: images.dataDir, registry: registry, workers: loading.workers,
      threads: engine.threads, dryRunSteps: dryRunSteps,
      shouldStop: { StopSignal.isRequested || end.map { $0 <= .now } == true })
    return options.joining(group)
  }

  /// This process's place among several; `nil` where it is alone.
  private func launch(_ dryRunSteps: Int?) throws -> Launch? {
    guard let launch = try Launch() else { return nil }
    guard dryRunSteps == nil else {
      throw RecipeError("--dry-run tries one process; here are \(launch.size)")
    }
    guard ProcessGroup.isPossible else {
      guard launch.rank == 0 else { throw ExitCode.success }
      Terminal().say(
        "warning: one process does all: libtorch \(Torch.version) is none that several know")
      return nil
    }
    return launch
  }
}
