import ArgumentParser
import Foundation
import FunMatchExperiments

/// `funmatch study`: many students, one teacher pass.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Train many students side by side, as a study's file says; teachers are shared.",
    discussion: """
      Students whose recipes let them share views and teachers learn together: every batch is decoded, viewed and \
      asked about once. Each ends with the weights that its recipe gives alone. docs/studies.md tells of the file.
      """)

  @Argument(help: "The study, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var study: String

  @Flag(help: "Only tell the students and what they share.")
  var dryRun = false

  @Flag(help: "Write one JSON object as the last line, if the study is finished.")
  var json = false

  @OptionGroup var settings: RunSettings

  private struct Summary: Encodable {
    let teacherViews: Int
    let results: ReportResults
  }

  func run() throws {
    let folder = settings.images.dataDir
    let file = try StudyFile(path: study, edits: settings.edits) {
      try Run.imageCount($0, dataFolder: folder, inventsMissing: dryRun)
    }
    if dryRun {
      let plan = try StudyPlan(file, dataFolder: folder, inventsMissing: true)
      for line in plan.description(file) { print(line) }
      return
    }
    let options = try settings.options(name: file.name)
    let outcome = try Study(file, options)()
    guard !outcome.isStopped else {
      return print("stopped; all that was learnt is saved, and --resume goes on")
    }
    let report = try Report([options.output])
    print(report.table)
    print("report: \(options.output)/report/index.html")
    if json {
      print(
        try JSONLine.text(Summary(teacherViews: outcome.teacherViews, results: report.results)))
    }
    if let problem = outcome.problem { throw problem }
  }
}
