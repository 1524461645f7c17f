import ArgumentParser
import FunMatchRuns
import FunMatchSettings

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
    StopSignal.install()
    let end = stopAfter.map { ContinuousClock.now + $0.duration }
    return RunOptions(
      output: output ?? "runs/\(name)", resume: resume, device: try engine.resolve(),
      isQuiet: quiet, dataFolder: images.dataDir, registry: registry, workers: loading.workers,
      threads: engine.threads, dryRunSteps: dryRunSteps,
      shouldStop: { StopSignal.isRequested || end.map { $0 <= .now } == true })
  }
}
