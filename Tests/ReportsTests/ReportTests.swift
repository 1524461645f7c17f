import Foundation
import FunMatchFiles
import FunMatchReports
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct ReportTests {
  private let folders = ReportFolders()

  private func page(
    _ names: [String], to output: String = "out", gnuplot: String? = nil,
    patience: Duration? = nil
  ) throws -> String {
    var report = try Report(names.map(folders.path))
    if let gnuplot { report.gnuplot = gnuplot }
    if let patience { report.patience = patience }
    let path = try report.write(to: folders.path(output))
    #expect(path == folders.path(output) + "/index.html")
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  /// Rows of the first table that has this caption, cells without markup.
  private func rows(_ page: String, _ caption: String) throws -> [[String]] {
    let start = try #require(page.range(of: "<caption>\(caption)</caption>")).upperBound
    let end = try #require(page[start...].range(of: "</table>")).lowerBound
    return page[start..<end].components(separatedBy: "</tr>").dropLast().map { row in
      row.matches(of: /<t[hd][^>a-z]*(?: [^>]*)?>(.*?)<\/t[hd]>/).map { cell in
        String(cell.1.replacing(/<[^>]*>/, with: ""))
      }
    }
  }

  private func file(_ name: String) throws -> String {
    try String(contentsOfFile: folders.path("out/\(name)"), encoding: .utf8)
  }

  private func lines(_ name: String) throws -> [String] {
    try file(name).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  private var hasGnuplot: Bool {
    ["/usr/bin/gnuplot", "/usr/local/bin/gnuplot", "/opt/homebrew/bin/gnuplot"]
      .contains { FileManager.default.isExecutableFile(atPath: $0) }
  }

  @Test func seedsAreAveragedAndTheBestComesFirst() throws {
    // 0.80, 0.82, 0.87: mean 0.83; deviations -0.03, -0.01, 0.04, squares 0.0026, over 2: 0.036056.
    for (seed, test) in [0.80, 0.82, 0.87].enumerated() {
      try folders.run("a\(seed)", rate: "3e-3", seed: seed, top1: 0.7, test: test)
    }
    try folders.run("b", rate: "0.01", top1: 0.99, test: 0.9)
    // Not finished, so that it stands below the others however good it is.
    try folders.run("c", rate: "0.1", top1: 0.999, test: nil)
    let page = try page(["a0", "a1", "a2", "b", "c"])
    let table = try rows(page, "Students, the best first")
    #expect(table.count == 5)
    #expect(table[0].prefix(2) == ["learningRate", "test top-1, %"])
    #expect(table[1].prefix(3) == ["teacher", "95.00", "90.00"])
    #expect(table[2].prefix(3) == ["0.01", "90.00", "99.00"])
    #expect(table[3].prefix(3) == ["0.003", "83.00 ± 3.61 (3)", "70.00 ± 0.00 (3)"])
    #expect(table[4].prefix(3) == ["0.1", "–", "99.90"])
    #expect(table[2].suffix(2) == ["3", "finished"])
    #expect(table[4].suffix(2) == ["3", "unfinished"])
    #expect(
      page.contains(
        "The best of 5 students in 3 settings, learningRate 0.01, has 90.00 % top-1 on the test "
          + "images; its teacher has 95.00 %, 5.00 points more. 4 of 5 are finished."))
    let single = try rows(page, "Each student")
    #expect(single.dropFirst().map { $0[0] } == ["b", "a0", "a1", "a2", "c"])
    #expect(single[2].prefix(4) == ["a0", "0.003", "0", "80.00"])
  }

  @Test func costIsCounted() throws {
    try folders.run("a", top1: 0.7, test: 0.8)
    try folders.run("b", top1: 0.7, test: 0.8, policy: "fix/rs")
    let page = try page(["a", "b"])
    // 3 steps of 10 images at 20 images/s take 1.5 s; 30 views of 2,000 MACs.
    let table = try rows(page, "Cost of each student")
    #expect(table[1] == ["a", "30", "60.0\u{A0}k", "1.5"])
    // Its teacher computes beforehand.
    #expect(table[2] == ["b", "30", "–", "1.5"])
    #expect(page.contains("60 images shown to 2 students; 60.0\u{A0}k multiply-accumulates"))
    #expect(page.contains("3 s measured"))
    #expect(try rows(page, "Networks")[1] == ["student", "1,234", "1.00\u{A0}k"])
    #expect(try rows(page, "Networks")[2] == ["teacher", "56,789", "2.00\u{A0}k"])
  }

  @Test func studyHasItsAxesAndFigures() throws {
    for (name, length, test) in [("s0", 10, 0.5), ("s1", 100, 0.6), ("s2", 1000, 0.8)] {
      try folders.run("study/students/\(name)", length: length, top1: 0.4, test: test)
    }
    try folders.study(
      "study",
      """
      {"name": "patience", "axes": ["case", "schedule.steps", "seed"], "students": [
        {"name": "s0", "settings": {"case": "same", "schedule.steps": "10", "seed": "0"},
         "state": "finished", "steps": 10},
        {"name": "s1", "settings": {"case": "same", "schedule.steps": "100", "seed": "0"},
         "state": "finished", "steps": 100},
        {"name": "s2", "settings": {"case": "other", "schedule.steps": "1000", "seed": "0"},
         "state": "finished", "steps": 1000},
        {"name": "s3", "settings": {"case": "other", "schedule.steps": "100", "seed": "0"},
         "state": "halved", "steps": 5},
        {"name": "s4", "settings": {"case": "other", "schedule.steps": "10", "seed": "0"},
         "state": "waiting", "steps": 0}]}
      """)
    let page = try page(["study"])
    #expect(page.contains("<h1>patience</h1>"))
    let table = try rows(page, "Students, the best first")
    #expect(table[0].prefix(3) == ["case", "steps", "test top-1, %"])
    #expect(table[2].prefix(3) == ["other", "1000", "80.00"])
    #expect(
      table.dropFirst(2).map { $0.last ?? "" }
        == ["finished", "finished", "finished", "stopped early", "waiting"])
    // One line has two points; the other has one, which is no line.
    #expect(try lines("length.dat") == ["10 0.5 ? 1", "100 0.6 ? 1"])
    #expect(try file("length.dat").hasPrefix("# steps mean deviation seeds\n"))
    #expect(try lines("cases.dat") == ["1 0.8 ? 1", "2 0.6 ? 1"])
    #expect(try file("length.gnuplot").contains("set logscale x"))
    // Data span 0.1, the teacher is 0.35 above them: words stand in for its line.
    #expect(!(try file("length.gnuplot").contains("95.0 with lines")))
    #expect(page.contains("Outside the figure: teacher, 95.00 %."))
    #expect(try file("cases.gnuplot").contains("95.0"))
  }

  @Test func curvesHaveBandsOverSeeds() throws {
    for (name, seed, top1) in [("a", 0, 0.25), ("b", 1, 0.75)] {
      try folders.run(name, seed: seed, top1: top1, test: nil)
    }
    let page = try page(["a", "b"])
    #expect(
      try lines("accuracy.dat") == ["2 0.5 0.25 0.75 2", "3 0.5 0.25 0.75 2"])
    #expect(try lines("agreement.dat") == ["2 0.5 0.5 0.5 2", "3 0.5 0.5 0.5 2"])
    #expect(page.contains("2 students have 50.00 ± 35.36 % top-1 on the validation images"))
  }

  @Test func numbersOnAnAxisAreAveraged() throws {
    for (place, test) in [0.5, 0.7, 0.6, 0.9, 0.4, 0.2].enumerated() {
      try folders.run(
        "r\(place)", rate: ["0.001", "0.01", "0.1"][place / 2], top1: 0.5, test: test,
        policy: ["funmatch", "same/ic"][place % 2])
    }
    _ = try page((0..<6).map { "r\($0)" })
    let values = try lines("axis-learningRate.dat").map { line in
      line.split(separator: " ").map { Double($0) ?? .nan }
    }
    #expect(values.map { $0[0] } == [0.001, 0.01, 0.1, 0.001, 0.01, 0.1])
    let expected = [0.7, 0.9, 0.4, 0.6, 0.75, 0.3]
    for (row, value) in zip(values, expected) { #expect(abs(row[1] - value) < 1e-12) }
    #expect(try lines("policies.dat") == ["1 0.9 ? 1", "2 0.6 ? 1"])
  }

  @Test func withoutLabelsAgreementRanks() throws {
    try folders.run("a", rate: "0.1", top1: nil, test: nil, agreement: 0.25)
    try folders.run("b", rate: "0.2", top1: nil, test: nil, agreement: 0.75)
    let page = try page(["a", "b"])
    let table = try rows(page, "Students, the best first")
    #expect(table[1].prefix(2) == ["0.2", "75.00"])
    #expect(page.contains("75.00 % agreement with the teacher on the validation images"))
  }

  @Test func asksForNothingAndIsTheSameAnywhere() throws {
    for place in ["here", "elsewhere/deep"] {
      try folders.run(place + "/a", rate: "0.1", top1: 0.5, test: 0.75)
      try folders.run(place + "/b", rate: "0.2", top1: 0.5, test: 0.5)
    }
    let here = try page(["here/a", "here/b"])
    #expect(here == (try page(["elsewhere/deep/a", "elsewhere/deep/b"], to: "out2")))
    for word in ["<script", "<link", "<img", "@import", "src=", "url(http", "javascript:"] {
      #expect(!here.contains(word), "\(word)")
    }
    // References within a drawing, and names of XML, are no requests.
    for match in here.matches(of: /href=['"]([^'"]*)/) { #expect(match.1.hasPrefix("#")) }
    for match in here.matches(of: /https?:\/\/[^"' ]*/) {
      #expect(match.0.hasPrefix("http://www.w3.org/"))
    }
  }

  @Test func namesAreEscaped() throws {
    try folders.run("study/students/s", top1: 0.5, test: 0.75)
    let evil = "<script>alert('x')</script> `touch y` $(z) ' & @w"
    try folders.study(
      "study",
      """
      {"name": "\(evil)", "axes": ["case"], "students": [
        {"name": "s", "settings": {"case": "\(evil)"}, "state": "finished", "steps": 3},
        {"name": "t", "settings": {"case": "other"}, "state": "waiting", "steps": 0}]}
      """)
    let page = try page(["study"])
    #expect(!page.contains("<script"))
    #expect(page.contains("<h1>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
    let script = try file("accuracy.gnuplot")
    for word in ["`", "$(", "@", "alert('"] { #expect(!script.contains(word), "\(word)") }
  }

  @Test func drawingsAreWellFormed() throws {
    guard hasGnuplot else { return }
    try folders.run("a", rate: "0.1", top1: 0.5, test: 0.75)
    let page = try page(["a"])
    #expect(page.contains("<svg role=\"img\""))
    #expect(page.contains("<title>Validation accuracy over steps</title>"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folders.path("out/accuracy.svg")))
    #expect(XMLParser(data: bytes).parse())
    #expect(!page.contains("stand in for figures"))
  }

  @Test func tablesStandInForFigures() throws {
    try folders.run("a", rate: "0.1", top1: 0.5, test: 0.75)
    let page = try page(["a"], gnuplot: "no-such-gnuplot")
    #expect(page.contains("tables stand in for figures"))
    #expect(!page.contains("<svg"))
    let table = try rows(page, "Validation accuracy over steps")
    #expect(table[0] == ["setting", "step", "mean", "lowest", "highest", "seeds"])
    #expect(table[1] == ["top-1", "2", "50.00", "50.00", "50.00", "1"])
  }

  /// It has begun a drawing, and would be done some time if nobody ended it.
  @Test func aDrawingThatHangsIsEnded() throws {
    try folders.run("a", rate: "0.1", top1: 0.5, test: 0.75)
    let (program, pids) = (folders.path("hanging"), folders.path("pids"))
    let script = """
      #!/bin/sh
      echo $$ >>'\(pids)'
      echo '<svg></svg>' >"${2%.gnuplot}.svg"
      exec sleep 20
      """
    try Data(script.utf8).write(to: URL(fileURLWithPath: program))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let page = try page(["a"], gnuplot: program, patience: .milliseconds(100))
    #expect(page.contains("tables stand in for figures") && !page.contains("<svg"))
    let left = try FileManager.default.contentsOfDirectory(atPath: folders.path("out"))
    #expect(left.contains("accuracy.gnuplot") && !left.contains { $0.hasSuffix(".svg") })
    let started = try String(contentsOfFile: pids, encoding: .utf8).split(separator: "\n")
    #expect(!started.isEmpty)
    for pid in started.compactMap({ Int32($0) }) { #expect(kill(pid, 0) != 0) }
  }

  @Test func whatIsWrongIsSaidInOneSentence() throws {
    func error(_ names: String...) -> String {
      do {
        _ = try Report(names.map(folders.path))
        return "nothing"
      } catch { return "\(error)" }
    }
    try folders.run("a", top1: 0.5, test: 0.75)
    #expect(error("gone").hasSuffix("gone: no such folder; expected that of a run or a study"))
    #expect(error().contains("at least one folder"))
    try folders.damage("other/notes.txt", "x")
    #expect(error("a", "other").hasSuffix("expected recipe.yaml or study.json in it"))
    for (name, text, sentence) in [
      ("metrics.jsonl", "{\"step\":1}\n{\"st\n{\"step\":3}\n", "metrics.jsonl: line 2 is damaged"),
      (
        "metrics.jsonl", "{\"step\":2}\n{\"step\":1}\n{\"step\":3}\n",
        "metrics.jsonl: line 2 is damaged"
      ),
      ("result.json", "{}", "result.json: is damaged"),
      ("recipe.yaml", "]", "recipe.yaml: is damaged"),
      ("study.json", "{}", "study.json: is damaged"),
    ] {
      try folders.run("b", top1: 0.5, test: 0.75)
      try folders.damage("b/" + name, text)
      #expect(error("b").contains(sentence))
      if name == "study.json" { continue }
      try FileManager.default.removeItem(atPath: folders.path("b"))
    }
  }
}
