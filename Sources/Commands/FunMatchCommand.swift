import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// The tool: one subcommand a file. A tool with more families, data sets or metrics is a call of `main(registry:)`.
public struct FunMatchCommand: ParsableCommand {
  /// Its subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "funmatch",
    abstract: "Compresses an image classifier by patient and consistent knowledge distillation.",
    version: RunEnvironment.version,
    subcommands: [
      Distill.self, Train.self, StudyCommand.self, Evaluate.self, Predict.self, Import.self,
      Export.self, Probe.self, Views.self, Preprocess.self, ReportCommand.self, RecipeCommand.self,
      Plan.self, DataCommand.self, Bench.self, Doctor.self,
    ])

  /// Without a subcommand: help.
  public init() {}

  /// Every error is one sentence on standard error and exit code 1; wrong usage is 64, as
  /// ArgumentParser has it.
  ///
  /// - Parameter registry: what names are looked up in.
  public static func main(registry: Registry = .standard) {
    StandardStreams.openClosed()
    // Who reads our output may be gone before a run is: then there is nobody to tell, that is all.
    signal(SIGPIPE, SIG_IGN)
    // A file that may not become larger is an error of writing like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    Torch.keepFreedMemory()
    do {
      var command = try parseAsRoot()
      if let command = command as? any RegistryCommand {
        try command.run(registry)
      } else {
        try command.run()
      }
      // What was printed may still be on its way.
      guard fflush(nil) == 0 || errno == EPIPE else {
        Torch.end("the result cannot be written: \(String(cString: strerror(errno)))")
      }
      StopSignal.end()
      ProcessGroup.leave()
    } catch {
      guard exitCode(for: error) != .validationFailure else { explainUsage(error) }
      // Help, a version and what a command ends with have codes and texts of their own.
      guard exitCode(for: error) == .failure, !(error is ExitCode) else { exit(withError: error) }
      Torch.end("\(error)")
    }
  }

  /// Says what is wrong with the command line, of which control characters are shown escaped.
  private static func explainUsage(_ error: any Error) -> Never {
    // ArgumentParser repeats arguments among lines of its own, so it is given them as they can be shown.
    let shown = CommandLine.arguments.dropFirst().map(\.printable)
    var explained = error
    do { _ = try parseAsRoot(shown) } catch { explained = error }
    let lines = fullMessage(for: explained).split(
      separator: "\n", omittingEmptySubsequences: false)
    Terminal().write(lines.map { String($0).printable + "\n" }.joined())
    Foundation.exit(exitCode(for: error).rawValue)
  }
}
