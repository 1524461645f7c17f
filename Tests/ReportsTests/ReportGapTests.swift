import Foundation
import FunMatchReports
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The gap to the teacher, in a report and from the numbers of one.
struct ReportGapTests {
  private let folders = ReportFolders()

  private static let committed = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Studies/results").path

  private var gnuplot: String? {
    ["/usr/bin/gnuplot", "/usr/local/bin/gnuplot", "/opt/homebrew/bin/gnuplot"]
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Blocks of rows; a figure that is not known is NaN.
  private func data(_ path: String) throws -> [[[Double]]] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(" gap error seeds\n"))
    return text.components(separatedBy: "\n\n\n").map { block in
      block.split(separator: "\n").filter { !$0.hasPrefix("#") }
        .map { $0.split(separator: " ").map { Double($0) ?? .nan } }
    }
  }

  private func same(_ rows: [[Double]]?, _ expected: [[Double]]) -> Bool {
    guard let rows, rows.map(\.count) == expected.map(\.count) else { return false }
    return zip(rows.joined(), expected.joined()).allSatisfy { one, other in
      one.isNaN ? other.isNaN : abs(one - other) < 1e-9
    }
  }

  /// Two cases at two lengths; the teacher's top-1 is 0.95.
  private func study() throws {
    let tests: [(name: String, length: Int, values: [Double])] = [
      ("1/3", 10, [0.65, 0.75, 0.85]), ("1/3", 100, [0.95, 0.95, 0.95]),
      ("1/10", 10, [0.55]), ("1/10", 100, [0.85, 0.87]),
    ]
    var students: [String] = []
    for test in tests {
      for (seed, value) in test.values.enumerated() {
        let name = "s\(students.count)"
        try folders.run(
          "study/students/\(name)", length: test.length, seed: seed, top1: 0.5, test: value)
        students.append(
          #"{"name": "\#(name)", "settings": {"case": "\#(test.name)", "#
            + #""schedule.steps": "\#(test.length)", "seed": "\#(seed)"}, "#
            + #""state": "finished", "steps": \#(test.length)}"#)
      }
    }
    try folders.study(
      "study",
      #"{"name": "headline", "axes": ["case", "schedule.steps", "seed"], "students": ["#
        + students.joined(separator: ", ") + "]}")
  }

  @Test func aReportDrawsItAndItsNumbersDrawItAgain() throws {
    try study()
    let out = folders.path("out")
    let page = try String(
      contentsOfFile: Report([folders.path("study")]).write(to: out), encoding: .utf8)
    #expect(page.contains("less the teacher&#39;s, which is 95.00 %"))
    // Deviations 0.1, 0, none and 0.02 / √2, over the roots of 3, 3, 1 and 2 seeds.
    let lines = try data(out + "/gap.dat")
    #expect(lines.count == 2)
    #expect(same(lines.first, [[10, -0.2, 0.0577350269, 3], [100, 0, 0, 3]]))
    #expect(same(lines.last, [[10, -0.4, .nan, 1], [100, -0.09, 0.01, 2]]))
    let script = try String(contentsOfFile: out + "/gap.gnuplot", encoding: .utf8)
    #expect(script.contains("0.0 with lines") && script.contains("title 'teacher'"))
    #expect(script.contains("title '1/3'") && script.contains("set logscale x"))
    guard let gnuplot else { return }
    let again = try ReportResults.drawGap(
      from: out + "/results.json", to: folders.path("again"), with: gnuplot)
    #expect(again == folders.path("again/gap.svg"))
    for name in ["gap.svg", "gap.dat", "gap.gnuplot"] {
      let bytes = FileManager.default.contents(atPath: "\(out)/\(name)")
      #expect(bytes != nil, "\(name)")
      #expect(bytes == FileManager.default.contents(atPath: folders.path("again/" + name)))
    }
  }

  /// Figures of the committed results of patience, worked out by hand: 0.8754 - 0.9327 of function matching at 1,000 epochs,
  /// and its deviation over the root of 3.
  @Test func committedResultsAreEnough() throws {
    guard let gnuplot else { return }
    let path = try ReportResults.drawGap(
      from: Self.committed + "/patience/results.json", to: folders.path("out"), with: gnuplot)
    let lines = try data(folders.path("out/gap.dat"))
    #expect(lines.map(\.count) == [5, 5, 5])
    #expect(lines.first?.map { $0[0] } == [10, 30, 100, 300, 1000])
    #expect(same(lines.first?.suffix(1), [[1000, -0.0573, 0.0005859465, 3]]))
    #expect(XMLParser(data: try Data(contentsOf: URL(fileURLWithPath: path))).parse())
  }

  @Test func whatIsWrongIsSaidInOneSentence() throws {
    func error(_ path: String, gnuplot: String = "gnuplot") -> String {
      do {
        return try ReportResults.drawGap(from: path, to: folders.path("out"), with: gnuplot)
      } catch { return "\(error)" }
    }
    #expect(
      error(folders.path("gone.json"))
        == folders.path("gone.json")
        + ": is not there or damaged; expected the results.json of a report")
    // It has no axis of lengths.
    let consistency = Self.committed + "/consistency/results.json"
    #expect(error(consistency).hasPrefix(consistency + ": has no gap to draw; expected test.top1"))
    #expect(!FileManager.default.fileExists(atPath: folders.path("out")))
    let patience = Self.committed + "/patience/results.json"
    let left = error(patience, gnuplot: "no-such-gnuplot")
    #expect(left.contains("gnuplot is not here or could not draw"))
    #expect(FileManager.default.fileExists(atPath: folders.path("out/gap.dat")))
    let text = try String(contentsOfFile: patience, encoding: .utf8)
    try folders.damage("bad.json", String(text.dropLast(20)))
    #expect(error(folders.path("bad.json")).contains("is not there or damaged"))
  }
}
