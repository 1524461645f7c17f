import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchReports
import FunMatchRuns
import FunMatchSettings
import FunMatchStudies

/// `funmatch study`: many students, one teacher pass.
struct StudyCommand: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Train many students side by side, as a study's file says; teachers are shared.",
    discussion: """
      Students whose recipes let them share views and teachers learn together: every batch is decoded and viewed once, and \
      teachers compute its logits once. Each ends with the weights that its recipe gives alone. docs/studies.md tells of the file.
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

  func run(_ registry: Registry) throws {
    let datasets = settings.images.datasets(registry)
    let file = try StudyFile(path: study, edits: settings.edits, registry: registry) {
      try $0.count(in: datasets, inventsMissing: dryRun)
    }
    if dryRun {
      let plan = try StudyPlan(file, datasets, inventsMissing: true)
      for line in plan.description(file) { print(line) }
      return
    }
    let options = try settings.options(name: file.name, registry)
    let outcome = try Study(file, options)()
    guard options.group?.isFirst ?? true else { return }
    guard !outcome.isStopped else {
      return print("stopped; all that was learnt is saved, and --resume goes on")
    }
    let folder = StudyFolder(options.output)
    Report.write(
      of: folder.path, to: folder.report, registry: registry,
      RunLog.make(path: folder.log, isQuiet: options.isQuiet))
    let report = try Report([options.output], registry: registry)
    print(report.table)
    print("report: \(folder.report)/index.html")
    if json {
      print(
        try JSONText.line(Summary(teacherViews: outcome.teacherViews, results: report.results)))
    }
    if let problem = outcome.problem { throw problem }
  }
}
