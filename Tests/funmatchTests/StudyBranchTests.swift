import Foundation
import FunMatchStudies
import FunMatchTestSupport
import Testing

/// Lengths of a study that share their beginning end as each does alone.
@Suite(.serialized) struct StudyBranchTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 24) }

  private func study(_ text: String, _ output: String, _ more: String...) throws -> Tool.Result {
    _ = try folder.write("s.yaml", Array("recipe: r.yaml\n\(text)\n".utf8))
    return try Tool.run(arguments(output, more), in: folder)
  }

  private func arguments(_ output: String, _ more: [String]) -> [String] {
    ["study", folder.file("s.yaml"), "--output", folder.file(output), "--threads", "1"]
      + ["--device", "cpu", "--quiet"] + more
  }

  private func views(_ name: String) throws -> Int {
    try #require(StudyResult(path: folder.file("\(name)/study.json"))).teacherViews ?? 0
  }

  @Test func aStudentIsWhatItsRecipeGivesAlone() throws {
    let studied = try study(
      """
      grid: {optimizer.adam.learningRate: [0.001, 0.01]}
      branch: {at: [10, 15, 30], cooldown: 0.2}
      seeds: 2
      """, "side")
    #expect(studied.status == 0, "\(studied.errors)")
    let result = try #require(StudyResult(path: folder.file("side/study.json")))
    #expect(result.axes == ["optimizer.adam.learningRate", "schedule.steps", "seed"])
    #expect(result.students.count == 12 && result.students.allSatisfy { $0.state == .finished })
    // Lengths and settings share batches: those of the longest, for each seed.
    #expect(try views("side") == 2 * 30 * 16)
    let log = String(decoding: try folder.bytes("side/log.txt"), as: UTF8.self)
    // 30 steps, and cool-downs of 2 and 3, for two rates and two seeds.
    #expect(log.contains("students make 140 updates instead of 220"), "\(log)")
    for length in [10, 15] {
      #expect(log.contains("goes on from step \(length * 4 / 5) of learningRate=0.001,steps=30"))
    }
    // A branch and a trunk, of other settings.
    let ofOneSeed = result.students.filter { $0.settings["seed"] == "1" }
    let some = Soak.isOn ? ofOneSeed : [ofOneSeed[1], ofOneSeed[5]]
    try run.distilAll(
      some.map { student in
        let edits =
          ["schedule.decay=constant", "schedule.cooldownFraction=0.2"]
          + student.settings.map { "\($0.key)=\($0.value)" }
        return (student.name, ["--quiet"] + edits.flatMap { ["--set", $0] })
      })
    for student in some {
      let place = "side/students/\(student.name)"
      for file in ["student.safetensors", "best.safetensors"] {
        #expect(
          try folder.bytes("\(student.name)/\(file)") == folder.bytes("\(place)/\(file)"),
          "\(student.name) \(file)")
      }
      #expect(try run.metrics(student.name) == run.metrics(place))
    }
  }

  @Test func killedAndResumed() throws {
    let file = """
      grid: {optimizer.adam.learningRate: [0.001, 0.01]}
      branch: {at: [10, 15], cooldown: 0.2}
      seeds: \(Soak.isOn ? 2 : 1)
      """
    let whole = try study(file, "whole")
    try #require(whole.status == 0, "\(whole.errors)")
    let expected = try #require(StudyResult(path: folder.file("whole/study.json")))
    func lines(_ name: String) -> Int {
      expected.students.reduce(0) {
        $0 + ((try? run.metrics("\(name)/students/\($1.name)").count) ?? 0)
      }
    }
    let total = lines("whole")
    let name = try Kill.retry { name in
      try (Soak.isOn ? [0.15, 0.4, 0.7] : [0.3, 0.7]).allSatisfy { share in
        let process = try Tool.start(arguments(name, ["--resume"]), in: folder)
        return Kill.landed(on: process, after: .random(in: 0..<20_000)) {
          lines(name) >= Int(share * Double(total))
        }
      }
    }
    let resumed = try study(file, name, "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expect(name, is: expected)
  }

  /// Lengths that come one after the other end as if all had been there from the start, and no step is made twice.
  @Test func longerLengthsGoOn() throws {
    let grid = Soak.isOn ? "grid: {optimizer.adam.learningRate: [0.001, 0.01]}\nseeds: 2\n" : ""
    func branches(_ lengths: String) -> String {
      "\(grid)branch: {at: [\(lengths)], cooldown: 0.2}"
    }
    let whole = try study(branches("10, 15, 30"), "whole")
    try #require(whole.status == 0, "\(whole.errors)")
    let expected = try #require(StudyResult(path: folder.file("whole/study.json")))
    for lengths in ["10", "10, 15"] {
      let shorter = try study(branches(lengths), "grown", "--resume")
      try #require(shorter.status == 0, "\(shorter.errors)")
    }
    let longest = expected.students.filter { $0.settings["schedule.steps"] == "30" }.map(\.name)
    let middle = longest.map { $0.replacing("steps=30", with: "steps=15") }
    for copy in ["bare"] + (1...12).map({ "killed\($0)" }) {
      try FileManager.default.copyItem(
        atPath: folder.file("grown"), toPath: folder.file(copy))
    }
    for name in middle {
      try FileManager.default.removeItem(atPath: folder.file("bare/students/\(name)/trunk"))
    }
    let grown = try study(branches("10, 15, 30"), "grown", "--resume")
    #expect(grown.status == 0 && !grown.errors.contains("begins with"), "\(grown.errors)")
    try expect("grown", is: expected)
    // 10 steps, those of 15 from step 8 on, and those of 30 from step 12 on; for each seed.
    let seeds = Soak.isOn ? 2 : 1
    #expect(try computedViews("grown") == (10 + 7 + 18) * 16 * seeds)
    // What is kept is of the longest, before it cools down.
    for name in longest {
      #expect(
        try run.files("grown/students/\(name)/trunk/checkpoints")
          == ["000000024.json", "000000024.safetensors"])
    }
    let rest = Set(expected.students.map(\.name)).subtracting(longest)
    for name in rest { #expect(try !run.files("grown/students/\(name)").contains("trunk")) }

    let killed = try Kill.retry { name in
      let process = try Tool.start(arguments(name, ["--resume"]), in: folder)
      let lines = Int.random(in: 12..<30)
      return Kill.landed(on: process, after: .random(in: 0..<20_000)) {
        longest.contains { (try? run.metrics("\(name)/students/\($0)").count) ?? 0 >= lines }
      }
    }
    let resumed = try study(branches("10, 15, 30"), killed, "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expect(killed, is: expected)

    let bare = try study(branches("10, 15, 30"), "bare", "--resume")
    #expect(
      bare.status == 0
        && bare.errors.contains("begins with step 1: the state of \(middle[0]) after step 12 was"),
      "\(bare.errors)")
    try expect("bare", is: expected)
    #expect(try computedViews("bare") == (10 + 7 + 30) * 16 * seeds)
  }

  /// Whether a study ended as the one called `whole`.
  private func expect(_ name: String, is whole: StudyResult) throws {
    #expect(try #require(StudyResult(path: folder.file("\(name)/study.json"))) == whole)
    for student in whole.students.map(\.name) {
      for file in ["student.safetensors", "best.safetensors", "best.json"] {
        #expect(
          try folder.bytes("\(name)/students/\(student)/\(file)")
            == folder.bytes("whole/students/\(student)/\(file)"), "\(student) \(file)")
      }
      #expect(
        try run.metrics("\(name)/students/\(student)") == run.metrics("whole/students/\(student)"))
    }
  }

  /// Views of which the teachers have computed logits, as the study's log counts them.
  private func computedViews(_ name: String) throws -> Int {
    let log = String(decoding: try folder.bytes("\(name)/log.txt"), as: UTF8.self)
    return log.matches(of: /teachers computed logits of ([0-9,]+) views/).reduce(0) {
      $0 + (Int($1.1.filter(\.isNumber)) ?? 0)
    }
  }

  /// A new length makes all its steps itself where its trunk is beyond them, and a trunk that fails takes its branches along.
  @Test func newLengthsAndFailures() throws {
    let first = try study("branch: {at: [6, 10], cooldownSteps: 2}", "lengths")
    try #require(first.status == 0, "\(first.errors)")
    let more = try study("branch: {at: [6, 8, 10], cooldownSteps: 2}", "lengths", "--resume")
    #expect(more.status == 0, "\(more.errors)")
    let single = try run.distil(
      "single", "--quiet", "--set",
      "schedule={decay: constant, steps: 8, cooldownSteps: 2, warmupSteps: 3}")
    try #require(single.status == 0, "\(single.errors)")
    #expect(
      try folder.bytes("lengths/students/steps=8/student.safetensors")
        == folder.bytes("single/student.safetensors"))

    let wild = try study(
      "set: {optimizer.adam.learningRate: 1.0e38}\nbranch: {at: [10, 20], cooldownSteps: 4}", "wild"
    )
    #expect(wild.status == 0, "\(wild.errors)")
    let result = try #require(StudyResult(path: folder.file("wild/study.json")))
    #expect(result.students.allSatisfy { $0.state == .failed })
    #expect(Set(result.students.map(\.steps)).count == 1)
  }

  @Test func warmUpsThatDependOnTheLengthAreRefused() throws {
    let shares = try study(
      "set: {schedule.warmupFraction: 0.2}\nbranch: {at: [10, 30], cooldown: 0.2}", "shares")
    #expect(
      shares.status == 1
        && shares.errors.contains(
          "branch: the 8 steps of 'steps=10' before its cool-down are not those of 'steps=30'"),
      "\(shares.errors)")
  }
}
