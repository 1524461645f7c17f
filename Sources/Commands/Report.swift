import ArgumentParser
import Foundation
import FunMatchReports
import FunMatchRuns
import FunMatchSettings

/// `funmatch report`: tables and figures of runs and studies.
struct ReportCommand: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one page of tables and figures on runs and studies, finished or not.",
    discussion: """
      The page needs neither network nor script. gnuplot draws its figures. The results.json of a report is enough for one of \
      them, the gap to the teacher over the length of training.
      """)

  @Argument(help: "Folders of runs or studies; or the results.json of a report.")
  var runs: [String]

  @Option(help: "The folder of the page; without it, report/ in the only run's or study's folder.")
  var output: String?

  /// A report's numbers, in place of the folders.
  private var numbers: String? {
    var isFolder: ObjCBool = false
    guard runs.count == 1,
      FileManager.default.fileExists(atPath: runs[0], isDirectory: &isFolder), !isFolder.boolValue
    else { return nil }
    return runs[0]
  }

  func validate() throws {
    guard output != nil || runs.count == 1 && numbers == nil else {
      throw ValidationError("--output is needed for more than one run, and for results.json")
    }
  }

  func run(_ registry: Registry) throws {
    let folder = output ?? runs.map { RunFolder($0).report }.first ?? "report"
    // A signal has to end gnuplot, too.
    StopSignal.install()
    do {
      if let numbers {
        return print("figure: \(try ReportResults.drawGap(from: numbers, to: folder))")
      }
      print("report: \(try Report(runs, registry: registry).write(to: folder))")
    } catch is CancellationError {
      // The signal is sent again when this returns.
    }
  }
}
