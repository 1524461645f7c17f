extension ReportContents {
  /// The measures that a table has columns of.
  var measures: [ReportMeasure] {
    func isKnown(_ measure: ReportMeasure) -> Bool {
      students.contains { measure.value($0) != nil }
    }
    return ReportMeasure.allCases.filter { measure in
      switch measure {
      // Once over, on the test images; both where nothing else tells how far the others are.
      case .validationAgreement:
        isKnown(measure) && (!isKnown(.testAgreement) || !isKnown(.validationTop1))
      case .validationKL: isKnown(measure) && !isKnown(.testKL)
      default: isKnown(measure)
      }
    }
  }

  /// The settings, the best first, as a table of text, without a line break at its end.
  var table: String {
    let isNamed = usesNames || axes.isEmpty
    let hasSeeds = settings.contains { $0.students.count > 1 }
    var rows = [
      (isNamed ? ["student"] : axes.map(short)) + measures.map(\.plainHeading) + ["steps made"]
    ]
    for teacher in teachers {
      let values = measures.map { measure -> String in
        switch measure {
        case .testTop1: teacher.test.map(measure.plainText) ?? "-"
        case .validationTop1: teacher.validation.map(measure.plainText) ?? "-"
        default: "-"
        }
      }
      let name = teachers.count == 1 ? "teacher" : teacher.name
      rows.append([name] + Array(repeating: "", count: rows[0].count - values.count - 2))
      rows[rows.count - 1] += values + [""]
    }
    for setting in settings {
      guard let first = setting.students.first else { continue }
      var row = isNamed ? [setting.name] : axes.map { first.values[$0] ?? "-" }
      row += measures.map { measure in
        guard let spread = setting.spread(measure) else { return "-" }
        let deviation = spread.deviation.map { " ± \(measure.plainText($0))" } ?? ""
        return measure.plainText(spread.mean) + deviation
      }
      let isFinished = setting.students.allSatisfy { $0.state == .finished }
      rows.append(row + [setting.steps + (isFinished ? "" : ", \(setting.state)")])
    }
    let widths = rows[0].indices.map { column in rows.map(\.[column].count).max() ?? 0 }
    let lines = rows.map { cells in
      zip(cells, widths).enumerated().map { column, pair in
        let space = String(repeating: " ", count: pair.1 - pair.0.count)
        return column < rows[0].count - measures.count - 1 ? pair.0 + space : space + pair.0
      }.joined(separator: "  ")
    }
    let seeds = hasSeeds ? "; mean ± standard deviation over seeds" : ""
    let others =
      unequalImages.isEmpty
      ? "" : "; measured on different images, \(unequalImages.joined(separator: ", "))"
    return lines.joined(separator: "\n")
      + "\n(\(students.count) student\(students.count == 1 ? "" : "s")\(seeds)\(others))"
  }
}
