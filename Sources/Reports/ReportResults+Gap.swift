import FunMatchFiles

/// The figure that the numbers of a report are enough for, so that it can be drawn again where the folders of its students
/// are gone.
extension ReportResults {
  /// Draws the gap to the teacher over the length of training, `gap.svg`, as the report did, with its data and script.
  ///
  /// - Parameters:
  ///   - path: the `results.json` of a report.
  ///   - folder: made if it is not there.
  ///   - gnuplot: the program that draws, which is looked for where programs are.
  /// - Returns: the path of the drawing.
  /// - Throws: `FileError` when the results are damaged or do not have what it shows, gnuplot does not draw, or a file cannot
  ///   be written; `CancellationError` when a signal ends the program.
  public static func drawGap(
    from path: String, to folder: String, with gnuplot: String = "gnuplot"
  ) throws -> String {
    guard let results = JSONText.read(path, as: ReportResults.self) else {
      throw FileError("\(path): is not there or damaged; expected the results.json of a report")
    }
    guard let figure = results.gapFigure else {
      throw FileError(
        "\(path): has no gap to draw; expected test.top1 of one teacher and of a setting at two lengths"
      )
    }
    try OutputFolder.make(folder)
    guard try figure.draw(in: folder, with: gnuplot, .seconds(60)) != nil else {
      throw FileError(
        "\(folder): gnuplot is not here or could not draw; \(figure.name).dat and its script are there"
      )
    }
    return "\(folder)/\(figure.name).svg"
  }

  /// Top-1 on the test images less the teacher's over how long training was; `nil` without a length, with teachers of
  /// different top-1, and where no line has two points.
  var gapFigure: ReportFigure? {
    let measure = ReportMeasure(metric: .top1, split: .test)
    let known = Set(teachers.values.compactMap { $0[measure.key] })
    // Settings that only names tell apart are no lines.
    guard known.count == 1, let teacher = known.first,
      let length = ReportContents.lengths.first(where: { axes.contains($0) }),
      Set(settings.map(\.values)).count == settings.count
    else { return nil }
    let shown = axes.filter { axis in
      axis != length && !ReportContents.follows(axis, from: length, settings.map(\.values))
    }
    let rows = settings.compactMap { setting -> (label: String, row: [Double])? in
      guard let top1 = setting.figures[measure.key], top1.count > 0,
        let x = setting.values[length].flatMap(Double.init), x > 0
      else { return nil }
      let error = top1.deviation.map { $0 / Double(top1.count).squareRoot() }
      return (
        ReportContents.label(setting.values, shown, of: axes),
        [x, top1.mean - teacher, error ?? .nan, Double(top1.count)]
      )
    }
    let lines = ReportFigure.lines(rows)
    guard !lines.isEmpty else { return nil }
    let unit = length.split(separator: ".").last.map(String.init) ?? length
    return ReportFigure(
      name: "gap", title: "Gap to the teacher over schedule length",
      caption: [
        "\(measure.words.capitalizedFirst) less the teacher's, which is \(measure.text(teacher)) %, over the "
          + "length of training; error bars are the standard error of the mean over seeds.",
        ReportContents.words(ofLines: lines.count),
      ].filter { !$0.isEmpty }.joined(separator: " "),
      kind: .trend(isLogarithmic: true), columns: [unit, "gap", "error", "seeds"],
      series: Array(lines.prefix(ReportContents.mostLines)), x: "\(unit), logarithmic",
      y: "gap in top-1, points", isShare: true, references: [("teacher", 0)])
  }
}
