import FunMatchDistillation
import FunMatchFiles
import FunMatchRuns

/// Students that differ in nothing but their seeds.
struct ReportSetting {
  /// What it is called in tables.
  let name: String
  /// What it is called in figures and sentences.
  let label: String
  let students: [ReportStudent]

  /// What students have in common in their names; the names themselves where that is nothing.
  static func name(_ students: [ReportStudent]) -> String {
    let names = students.map(\.name)
    guard let first = names.first, names.count > 1 else { return names.first ?? "student" }
    let bare = Set(names.map { String($0.replacing(/(?:^|,)seed=[^,]*/, with: "")) })
    if let only = bare.first, bare.count == 1 {
      return only.isEmpty ? "\(names.count) seeds" : only
    }
    let all = names.joined(separator: ", ")
    return all.count <= 40 ? all : "\(first) and \(names.count - 1) more"
  }

  /// Its value on an axis.
  func value(_ axis: String) -> String? { students.first?.values[axis] }

  /// A figure over its seeds, of those that did not fail; `nil` where no student has it.
  func spread(_ measure: ReportMeasure) -> Spread? {
    Spread(students.filter { $0.state != .failed }.compactMap(measure.value))
  }

  /// The same of those that made all their steps.
  func end(_ measure: ReportMeasure) -> Spread? {
    Spread(students.filter { $0.state == .finished }.compactMap(measure.value))
  }

  /// How far its students are.
  var state: String {
    let states = Dictionary(grouping: students, by: \.state).mapValues(\.count)
    let known: [ReportStudent.State] = [
      .finished, .halved, .failed, .unfinished, .waiting, .missing,
    ]
    let parts = known.compactMap { state in states[state].map { (state.rawValue, $0) } }
    if parts.count == 1 { return parts[0].0 }
    return parts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
  }

  /// Updates made, or the fewest and the most.
  var steps: String {
    let all = students.map(\.steps)
    guard let least = all.min(), let most = all.max() else { return "–" }
    let words = [least, most].map { NumberText.grouped($0) }
    return least == most ? words[0] : words.joined(separator: "–")
  }

  /// Points (step, spread over seeds) of a curve, each over the seeds that were evaluated there.
  func curve(_ metric: Metric) -> [(step: Int, spread: Spread)] {
    let curves = students.map { student in
      student.metrics.evaluations.compactMap { evaluation in
        evaluation[metric].map { (evaluation.step, $0) }
      }
    }.filter { !$0.isEmpty }
    let points = Dictionary(grouping: curves.joined(), by: \.0)
    return points.sorted { $0.key < $1.key }.compactMap { step, values in
      Spread(values.map(\.1)).map { (step, $0) }
    }
  }
}
