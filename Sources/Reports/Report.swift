import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchSettings

/// One page that tells of runs and studies: tables, figures, cost and settings, in a file that needs
/// neither network nor script. What folders hold is taken as it is, so that unfinished runs have a
/// report, too; the same folders give the same page, byte for byte.
public struct Report {
  /// The program that draws, which is looked for where programs are.
  public var gnuplot = "gnuplot"
  /// How long it may take for a figure, which is a fraction of a second.
  package var patience = Duration.seconds(60)
  private let contents: ReportContents

  /// Reads the folders of runs and studies; nothing is written.
  ///
  /// - Parameter registry: tells which metrics there are.
  /// - Throws: `FileError` when a folder is missing, neither a run's nor a study's, or holds a
  ///   damaged file.
  public init(_ paths: [String], registry: Registry = .standard) throws {
    contents = try ReportContents(paths, metrics: registry.metrics)
  }

  /// The settings, the best first, as a table of text, without a line break at its end.
  public var table: String { contents.table }

  /// Its numbers for programs.
  public var results: ReportResults { ReportResults(contents) }

  /// Writes `index.html` into a folder, and beside it the numbers, `results.json`, and each figure as SVG
  /// with its data and script; without gnuplot the page has tables in their place.
  ///
  /// - Parameter folder: made if it is not there.
  /// - Returns: the path of the page.
  /// - Throws: `FileError` when a file cannot be written, `CancellationError` when a signal ends the program while figures are
  ///   drawn; a page that is there stays then.
  public func write(to folder: String) throws -> String {
    try OutputFolder.make(folder)
    let figures = try contents.figures.map { figure in
      (figure: figure, drawing: try figure.draw(in: folder, with: gnuplot, patience))
    }
    try JSONText.write(results, to: "\(folder)/results.json")
    let path = "\(folder)/index.html"
    let page = ReportPage(contents: contents, figures: figures)
    try AtomicFile.write(to: path, Data(page.text.utf8))
    return path
  }
}
