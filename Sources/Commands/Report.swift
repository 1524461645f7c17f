import ArgumentParser
import FunMatchReports
import FunMatchRuns
import FunMatchSettings

/// `funmatch report`: tables and figures of runs and studies.
struct ReportCommand: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one page of tables and figures on runs and studies, finished or not.",
    discussion: "The page needs neither network nor script. gnuplot draws its figures.")

  @Argument(help: "Folders of runs or studies.")
  var runs: [String]

  @Option(help: "The folder of the page; without it, report/ in the only run's or study's folder.")
  var output: String?

  func validate() throws {
    guard output != nil || runs.count == 1 else {
      throw ValidationError("--output is needed for more than one run")
    }
  }

  func run(_ registry: Registry) throws {
    let folder = output ?? runs.map { RunFolder($0).report }.first ?? "report"
    // A signal has to end gnuplot, too.
    StopSignal.install()
    do {
      print("report: \(try Report(runs, registry: registry).write(to: folder))")
    } catch is CancellationError {
      // The signal is sent again when this returns.
    }
  }
}
