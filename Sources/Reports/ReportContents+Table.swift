import FunMatchDistillation
import FunMatchFiles

extension ReportContents {
  /// The measures that a table has columns of.
  var measures: [ReportMeasure] {
    func isKnown(_ measure: ReportMeasure) -> Bool {
      students.contains { measure.value($0) != nil }
    }
    func other(_ measure: ReportMeasure, _ split: ReportMeasure.Split) -> ReportMeasure {
      ReportMeasure(metric: measure.metric, split: split)
    }
    let isRanked = isKnown(ReportMeasure(metric: .top1, split: .validation))
    return allMeasures.filter { measure in
      guard isKnown(measure) else { return false }
      // Once over, on the test images; both where nothing else tells how far the others are.
      let isOnceOver = measure.split == .validation && measure.metric.key != Metric.top1.key
      let isLeading = Metric.leading.contains { $0.key == measure.metric.key }
      return !isOnceOver || !isKnown(other(measure, .test)) || (isLeading && !isRanked)
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
      let values = measures.map { measure in teacher[measure].map(measure.plainText) ?? "-" }
      let name = teachers.count == 1 ? "teacher" : teacher.name
      rows.append(
        [name] + Array(repeating: "", count: rows[0].count - values.count - 2) + values + [""])
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
    var table = TextTable(rows[0])
    for row in rows.dropFirst() { table.append(row) }
    let text = table.text(left: rows[0].count - measures.count - 1)
    let seeds = hasSeeds ? "; mean ± standard deviation over seeds" : ""
    let others =
      unequalImages.isEmpty
      ? "" : "; measured on different images, \(unequalImages.joined(separator: ", "))"
    return text + "\n(\(students.count) student\(students.count == 1 ? "" : "s")\(seeds)\(others))"
  }
}
