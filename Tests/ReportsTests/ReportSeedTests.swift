import Foundation
import FunMatchFiles
import FunMatchReports
import Testing

/// What counts as a seed, and what becomes of damage.
struct ReportSeedTests {
  private let folders = ReportFolders()

  private func report(_ names: String...) throws -> Report {
    try Report(names.map(folders.path))
  }

  private func results(_ names: String...) throws -> ReportResults {
    try Report(names.map(folders.path)).results
  }

  private func page(_ report: Report) throws -> String {
    try String(contentsOfFile: report.write(to: folders.path("out")), encoding: .utf8)
  }

  private func study(_ name: String) throws {
    for (seed, test) in [(0, 0.6), (1, 0.8)] {
      try folders.run("\(name)/students/a,seed=\(seed)", seed: seed, top1: 0.5, test: test)
    }
    try folders.study(
      name,
      """
      {"name": "s", "axes": ["seed"], "students": [
        {"name": "a,seed=0", "settings": {"seed": "0"}, "state": "finished", "steps": 3},
        {"name": "a,seed=1", "settings": {"seed": "1"}, "state": "finished", "steps": 3}]}
      """)
  }

  @Test func aFolderCountsOnce() throws {
    try folders.run("a", top1: 0.5, test: 0.75)
    try FileManager.default.createSymbolicLink(
      atPath: folders.path("link"), withDestinationPath: folders.path("a"))
    let once = try results("a")
    #expect(once.students.count == 1)
    #expect(try results("a", "a", "a/", "./a", "link") == once)
  }

  @Test func aStudyHasItsStudentsAlready() throws {
    try study("study")
    let alone = try results("study")
    #expect(alone.settings.map(\.figures["test.top1"]?.count) == [2])
    #expect(try results("study/students/a,seed=1", "study", "study/students/a,seed=0") == alone)
  }

  @Test func theSameSeedTwiceIsNoSeed() throws {
    try study("study")
    try folders.run("copy/a,seed=0", seed: 0, top1: 0.5, test: 0.6)
    let results = try results("study", "copy/a,seed=0")
    #expect(results.settings.map(\.name) == ["a", "a,seed=0 (2)"])
    #expect(results.settings.map(\.figures["test.top1"]?.count) == [2, 1])
    let table = try report("study", "copy/a,seed=0").table
    #expect(table.contains("\na,seed=0 (2) "))
    // The same recipe under two names.
    try folders.run("b", seed: 0, top1: 0.5, test: 0.7)
    #expect(try self.results("copy/a,seed=0", "b").settings.map(\.name) == ["b", "a,seed=0"])
  }

  @Test func namesOfSettingsHaveNoSeed() throws {
    // More keys than columns, so that names stand for them.
    let keys = ["tfloat32", "epochs", "warmup", "decay", "momentum", "clip", "images"]
    for seed in 0...1 {
      for (name, value) in [("x", 1), ("y", 2)] {
        let run = "\(name),seed=\(seed)"
        try folders.run(run, seed: seed, top1: 0.5, test: name == "x" ? 0.75 : 0.5)
        let recipe = folders.path(run + "/recipe.yaml")
        let text = try String(contentsOfFile: recipe, encoding: .utf8)
        try folders.damage(
          run + "/recipe.yaml", text + keys.map { "\($0): \(value)\n" }.joined())
      }
    }
    let report = try report("x,seed=0", "x,seed=1", "y,seed=0", "y,seed=1")
    #expect(report.results.settings.map(\.name) == ["x", "y"])
    let page = try page(report)
    #expect(page.contains("in 2 settings, x, has 75.00 ± 0.00 % top-1"))
    #expect(page.contains("<th scope=\"row\" class=\"k\">x</th>"))
  }

  @Test func teachersAreOneKeyBesideNone() throws {
    for name in ["a", "b"] { try folders.run(name, top1: 0.5, test: 0.75) }
    try folders.damage(
      "b/recipe.yaml",
      """
      batchSize: 10
      teachers: []
      views: {policy: funmatch}
      optimizer: {adam: {learningRate: 0.01}}
      schedule: {steps: 3}
      seed: 0

      """)
    let results = try results("a", "b")
    #expect(results.axes == ["teachers"])
    #expect(results.students.map(\.values) == [["teachers": "big, 28 px"], ["teachers": "none"]])
  }

  @Test func onePointIsNoCurveAndLargeNumbersAreShort() throws {
    for (name, rate) in [("a", "0.1"), ("b", "0.2")] {
      try folders.run(name, rate: rate, top1: 0.5, test: nil)
      try folders.damage(
        name + "/metrics.jsonl",
        #"{"step":1,"validation.agreement":0.5,"validation.kl":9.6e29,"validation.top1":0.5}"#
          + "\n")
    }
    let report = try report("a", "b")
    #expect(report.table.contains("9.6e+29"))
    let page = try page(report)
    #expect(page.contains(">9.6e+29<"))
    #expect(!FileManager.default.fileExists(atPath: folders.path("out/accuracy.dat")))
    #expect(!page.contains("over steps"))
  }

  @Test(arguments: [
    "", "\n", "{\"ste", "{\"ste\n", "\0\0\0\0", "{\"step\":3,\"validation.top1\":}\n",
  ])
  func aKilledRunHasAReport(end: String) throws {
    try folders.run("a", top1: 0.5, test: nil)
    try folders.damage(
      "a/metrics.jsonl", "{\"step\":1}\n{\"step\":2,\"validation.top1\":0.25}\n" + end)
    let student = try #require(try results("a").students.first)
    #expect(student.steps == 2)
    #expect(student.figures["validation.top1"] == 0.25)
  }

  @Test func casesAreComparedAtTheSameLength() throws {
    // The best of each would be 0.9 of 10 steps beside 0.7 of 20.
    for (name, policy, length, test) in [
      ("a", "funmatch", 10, 0.9), ("b", "same/ic", 10, 0.5), ("c", "funmatch", 20, 0.6),
      ("d", "same/ic", 20, 0.7), ("e", "same/ic", 40, 0.8),
    ] { try folders.run(name, length: length, top1: 0.5, test: test, policy: policy) }
    let page = try page(try report("a", "b", "c", "d", "e"))
    let data = try String(contentsOfFile: folders.path("out/policies.dat"), encoding: .utf8)
    #expect(data.hasSuffix("# same/ic\n# funmatch\n1 0.7 ? 1\n2 0.6 ? 1\n"))
    #expect(page.contains("All have steps 20."))
  }

  /// Test images that choose tell too much of what was chosen.
  @Test func validationImagesChoose() throws {
    for (name, rate, top1, test) in [
      ("a", "0.1", 0.5, 0.9), ("b", "0.2", 0.6, 0.8), ("c", "0.3", 0.4, 0.7),
    ] { try folders.run(name, rate: rate, top1: top1, test: test) }
    let report = try report("a", "b", "c")
    #expect(
      report.results.settings.map(\.values)
        == ["0.2", "0.1", "0.3"].map {
          ["optimizer.adam.learningRate": $0]
        })
    let page = try page(report)
    #expect(page.contains("learningRate 0.2, has 80.00 % top-1 on the test images"))
    #expect(page.contains("Ranked by top-1 on the validation images."))
  }

  @Test func whatFailedOrStoppedEarlyIsNoResult() throws {
    for (seed, top1) in [0.6, 0.61, 0.9].enumerated() {
      try folders.run("s/students/\(seed)", length: 3, seed: seed, top1: top1, test: nil)
    }
    for length in [3, 9] {
      try folders.run("s/students/l\(length)", rate: "1", length: length, top1: 0.5, test: nil)
    }
    func student(_ name: String, _ seed: Int, _ rate: String, _ length: Int, _ state: String)
      -> String
    {
      #"{"name": "\#(name)", "settings": {"optimizer.adam.learningRate": "\#(rate)", "#
        + #""schedule.steps": "\#(length)", "seed": "\#(seed)"}, "state": "\#(state)", "steps": 3}"#
    }
    let students = [
      student("0", 0, "2", 3, "finished"), student("1", 1, "2", 3, "finished"),
      student("2", 2, "2", 3, "failed"), student("l3", 0, "1", 3, "finished"),
      student("l9", 0, "1", 9, "halved"), student("gone", 0, "3", 3, "finished"),
    ]
    try folders.study(
      "s",
      """
      {"name": "s", "axes": ["optimizer.adam.learningRate", "schedule.steps", "seed"], "students":
      [\(students.joined(separator: ", "))]}
      """)
    let report = try report("s")
    let figures = report.results.settings.first?.figures["validation.top1"]
    #expect(figures?.count == 2)
    #expect(abs((figures?.mean ?? 0) - 0.605) < 1e-12)
    _ = try page(report)
    // No line has two lengths whose students came to their ends.
    #expect(!FileManager.default.fileExists(atPath: folders.path("out/length.dat")))
    #expect(report.results.students.last?.state == "no folder")
  }

  @Test func imagesThatDifferAreTold() throws {
    for (name, rate) in [("a", "1"), ("b", "2")] {
      try folders.run(name, rate: rate, top1: 0.5, test: 0.5)
      let recipe = try String(contentsOfFile: folders.path("\(name)/recipe.yaml"), encoding: .utf8)
      try folders.damage("\(name)/recipe.yaml", recipe + "data: {test: \(name)}\n")
    }
    let report = try report("a", "b")
    #expect(report.table.contains("measured on different images, data.test"))
    #expect(try page(report).contains("Students were measured on different images (data.test)"))
    #expect(try !self.report("a").table.contains("different images"))
  }

  @Test func teachersOfOneNameAreToldApart() throws {
    for (name, teacher) in [("a", "one/t.safetensors"), ("b", "../two/t.safetensors")] {
      try folders.run(name, top1: 0.5, test: 0.5)
      let recipe = try String(contentsOfFile: folders.path("\(name)/recipe.yaml"), encoding: .utf8)
      try folders.damage(
        "\(name)/recipe.yaml", recipe.replacing("/home/me/big.safetensors", with: teacher))
    }
    #expect(
      try results("a", "b").teachers.keys.sorted() == ["one/t, 28 px", "two/t, 28 px"])
    #expect(try results("b").teachers.keys.sorted() == ["t, 28 px"])
  }

  /// Two networks of one file are two teachers.
  @Test func teachersOfOneFileAreToldApart() throws {
    for (name, key) in [("a", "key: model, "), ("b", "key: model_ema, "), ("c", "")] {
      try folders.run(name, top1: 0.5, test: 0.5)
      let recipe = try String(contentsOfFile: folders.path("\(name)/recipe.yaml"), encoding: .utf8)
      try folders.damage(
        "\(name)/recipe.yaml", recipe.replacing("weights:", with: key + "weights:"))
    }
    #expect(
      try results("a", "b", "c").teachers.keys.sorted()
        == ["big (key model), 28 px", "big (key model_ema), 28 px", "big, 28 px"])
  }

  @Test func signsOfFormatsAreDrawn() throws {
    for name in ["50% data", "all of 'it'"] {
      try folders.run("s/students/\(name)", top1: 0.5, test: 0.5)
    }
    try folders.study(
      "s",
      """
      {"name": "s", "axes": ["case"], "students": [
        {"name": "50% data", "settings": {"case": "50% data"}, "state": "finished", "steps": 3},
        {"name": "all of 'it'", "settings": {"case": "all of 'it'"}, "state": "finished", "steps": 3}]}
      """)
    _ = try page(try report("s"))
    let script = try String(contentsOfFile: folders.path("out/cases.gnuplot"), encoding: .utf8)
    #expect(script.contains("set ytics ('50%% data' 1, 'all of ’it’' 2)"))
  }

  @Test func casesAreComparedEachAtItsBest() throws {
    for (name, policy, rate, test) in [
      ("a", "funmatch", "0.1", 0.9), ("b", "funmatch", "0.2", 0.5), ("c", "same/ic", "0.1", 0.3),
      ("d", "same/ic", "0.2", 0.6),
    ] { try folders.run(name, rate: rate, top1: 0.5, test: test, policy: policy) }
    let page = try page(try report("a", "b", "c", "d"))
    let data = try String(contentsOfFile: folders.path("out/policies.dat"), encoding: .utf8)
    #expect(data.hasSuffix("# funmatch (0.1)\n# same/ic (0.2)\n1 0.9 ? 1\n2 0.6 ? 1\n"))
    #expect(
      page.contains("Of each, the setting that ranks first is shown. In brackets: learningRate."))
  }

  @Test func aSettingLooksTheSameInAllCurves() throws {
    for (name, rate, top1) in [("a", "0.1", 0.9), ("b", "0.2", 0.8)] {
      try folders.run(name, rate: rate, top1: top1, test: nil)
    }
    // The better one has no agreement.
    let path = folders.path("a/metrics.jsonl")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try folders.damage("a/metrics.jsonl", text.replacing("validation.agreement", with: "other"))
    _ = try page(try report("a", "b"))
    func looks(_ name: String) throws -> [String] {
      try String(contentsOfFile: folders.path("out/\(name).gnuplot"), encoding: .utf8)
        .matches(of: /with linespoints linecolor '(\S+)' .* title '(.*?)'/)
        .map { "\($0.2) \($0.1)" }
    }
    #expect(
      try looks("accuracy") == ["learningRate 0.1 #0072B2", "learningRate 0.2 #D55E00"])
    #expect(try looks("agreement") == ["learningRate 0.2 #D55E00"])
  }
}
