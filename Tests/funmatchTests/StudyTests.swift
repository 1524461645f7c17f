import Foundation
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies
import FunMatchTestSupport
import Testing

/// `funmatch study` as users run it: students side by side are what each is alone.
@Suite(.serialized) struct StudyTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws {
    run = try FashionRun(steps: 12, "average: 0.9")
  }

  private func write(_ text: String) throws {
    _ = try folder.write("s.yaml", Array("recipe: r.yaml\n\(text)\n".utf8))
  }

  private func arguments(_ output: String, _ more: [String]) -> [String] {
    ["study", folder.file("s.yaml"), "--output", folder.file(output), "--threads", "1"]
      + ["--device", "cpu"] + more
  }

  private func study(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(output, more), in: folder)
  }

  private func result(_ output: String) throws -> StudyResult {
    try #require(StudyResult(path: folder.file("\(output)/study.json")))
  }

  private func views(_ log: String) throws -> [Int] {
    String(decoding: try folder.bytes(log), as: UTF8.self)
      .matches(of: /computed logits of ([0-9,]+) views/).compactMap {
        Int($0.1.replacing(",", with: ""))
      }
  }

  @Test func aStudentIsWhatItsRecipeGivesAlone() throws {
    try write(
      """
      grid: {optimizer.adam.learningRate: [0.001, 0.01], schedule.steps: [6, 12]}
      seeds: [0, 3]
      """)
    let studied = try study("side")
    #expect(studied.status == 0, "\(studied.errors)")
    let students = try result("side").students
    #expect(students.count == 8 && students.allSatisfy { $0.state == .finished })
    // One forward pass of the teacher for four students, by step and seed.
    #expect(try views("side/log.txt").reduce(0, +) == 2 * 12 * 16)
    // Another setting, length and seed.
    let some = Soak.isOn ? students : [students[1], students[6]]
    try run.distilAll(
      some.map { student in
        (
          student.name,
          ["--quiet"] + student.settings.flatMap { ["--set", "\($0.key)=\($0.value)"] }
        )
      })
    for student in some {
      let name = student.name
      for file in ["student.safetensors", "best.safetensors"] {
        #expect(
          try folder.bytes("\(name)/\(file)") == folder.bytes("side/students/\(name)/\(file)"),
          "\(name) \(file)")
      }
      #expect(try run.metrics(name) == run.metrics("side/students/\(name)"))
      #expect(try views("\(name)/log.txt").reduce(0, +) == student.steps * 16)
    }
  }

  /// Waves, other policies and supervised students beside each other.
  @Test func groupsAndWavesChangeNothing() throws {
    try write(
      """
      set: {schedule.steps: 4, evaluation.trainingImages: 0}
      cases:
        funmatch: {views.policy: funmatch}
        decays: {views.policy: funmatch, optimizer.adam.weightDecay: 0.001}
        more: {views.policy: funmatch, optimizer.adam.weightDecay: 0.01}
        fixed: {views.policy: fix/ic_ens, views.ensemble: 3}
        own views: {views.policy: ind/ic}
        labels: {teachers: []}
      """)
    let together = try study("together")
    #expect(together.status == 0, "\(together.errors)")
    try write(
      String(decoding: try folder.bytes("s.yaml"), as: UTF8.self)
        .replacing("recipe: r.yaml", with: "together: 2"))
    let waves = try study("waves")
    #expect(waves.status == 0, "\(waves.errors)")
    #expect(try result("together").students == result("waves").students)
    // Each wave runs the teachers again, as the plan says.
    for (name, count) in [("together", 2), ("waves", 3)] {
      #expect(try result(name).teacherViews == count * 4 * 16)
      #expect(try views("\(name)/log.txt").reduce(0, +) == count * 4 * 16)
    }
    for student in try result("together").students {
      #expect(
        try folder.bytes("together/students/\(student.name)/student.safetensors")
          == folder.bytes("waves/students/\(student.name)/student.safetensors"), "\(student.name)")
    }
  }

  @Test func killedAtRandomAndResumed() throws {
    let (seeds, kills) = Soak.isOn ? (2, 10) : (1, 1)
    try write(
      """
      grid: {optimizer.adam.learningRate: [0.001, 0.01, 1e38]}
      zip: {schedule.steps: [10, 16], schedule.warmupSteps: [3, 4]}
      seeds: \(seeds)
      halving: {steps: [10], keep: 0.7}
      """)
    let whole = try study("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try result("whole")
    let states = Dictionary(grouping: expected.students, by: \.state).mapValues(\.count)
    #expect(states[.failed] == 2 * seeds && states[.finished] ?? 0 > 0, "\(states)")

    let total = lines("whole", expected)
    let name = try Kill.retry { name in
      try (0..<kills).allSatisfy { _ in
        // Somewhere in what is left, and at any moment within a step.
        let goal = Int.random(in: min(lines(name, expected), total - 1)..<total)
        let process = try Tool.start(arguments(name, ["--resume"]), in: folder)
        return Kill.landed(on: process, after: .random(in: 0..<20_000)) {
          lines(name, expected) >= goal
        }
      }
    }
    let resumed = try study(name, "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.replacing(name, with: "whole") == whole.output)
    #expect(try result(name) == expected)
    for student in expected.students where student.state == .finished {
      #expect(
        try folder.bytes("\(name)/students/\(student.name)/student.safetensors")
          == folder.bytes("whole/students/\(student.name)/student.safetensors"), "\(student.name)")
    }
  }

  /// Lines of metrics that a study's students have by now, all together.
  private func lines(_ name: String, _ study: StudyResult) -> Int {
    study.students.reduce(0) {
      $0 + ((try? run.metrics("\(name)/students/\($1.name)").count) ?? 0)
    }
  }

  @Test func onlyWhatIsNewIsTrained() throws {
    try write("grid: {distance.kl.temperature: [1, 2]}")
    #expect(try study("grown").status == 0)
    let refused = try study("grown")
    #expect(refused.status == 1 && refused.errors.contains("--resume"))
    func dates() throws -> [Date] {
      try ["temperature=1", "temperature=2"].map {
        let path = folder.file("grown/students/\($0)/student.safetensors")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.modificationDate] as? Date)
      }
    }
    let before = try dates()
    try write("grid: {distance.kl.temperature: [1, 2, 5]}")
    let grown = try study("grown", "--resume")
    #expect(grown.status == 0, "\(grown.errors)")
    #expect(try dates() == before)
    #expect(try result("grown").students.map(\.state) == [.finished, .finished, .finished])
    #expect(try views("grown/log.txt") == [12 * 16, 12 * 16])
    // Another base would make other students of the same names.
    let other = try study("grown", "--resume", "--set", "batchSize=8")
    #expect(other.status == 1 && other.errors.contains("batchSize: 16 there, 8 now"))
  }

  @Test func theWorstAreStopped() throws {
    try write(
      """
      set: {schedule.steps: 24, data.test: null, evaluation.trainingImages: 0}
      grid: {optimizer.adam.learningRate: [0.01, 1e-9, 0.003, 1e-8]}
      seeds: 2
      halving: {steps: [10, 20], keep: 0.5}
      """)
    let halved = try study("halved")
    #expect(halved.status == 0, "\(halved.errors)")
    let steps = Dictionary(
      grouping: try result("halved").students, by: { $0.settings["optimizer.adam.learningRate"] })
    let ends = steps.mapValues { $0.map(\.steps) }.values.map { $0 }.sorted { $0[0] < $1[0] }
    #expect(ends == [[10, 10], [10, 10], [20, 20], [24, 24]])
    #expect(steps["1e-9"]?.map(\.state) == [.halved, .halved])
  }

  @Test func signalsSaveAllStudents() throws {
    try write("set: {schedule.steps: 100000}\ngrid: {distance.kl.temperature: [1, 2, 5]}")
    let process = try Tool.start(arguments("stopped", []), in: folder)
    let metrics = "stopped/students/temperature=5/metrics.jsonl"
    while process.isRunning, (try? folder.bytes(metrics).count) ?? 0 < 500 { usleep(2000) }
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
    let students = try result("stopped").students
    #expect(students.allSatisfy { $0.state == .waiting && $0.steps > 0 })
    #expect(Set(students.map(\.steps)).count == 1)
    let output = String(decoding: try folder.bytes("stream-out"), as: UTF8.self)
    #expect(output.contains("--resume"))

    let well = try Tool.run("doctor", folder.file("stopped"), in: folder)
    #expect(well.status == 0 && well.output.contains("ok    study.json: whole"), "\(well.output)")
    let engine = "stopped/students/temperature=5/engine.json"
    for name in ["stopped/study.json", engine] {
      let bytes = try folder.bytes(name)
      _ = try folder.write(name, Array(bytes.dropLast(3)))
      let found = try Tool.run("doctor", folder.file("stopped"), in: folder)
      #expect(found.status == 1 && found.errors.contains("1 file is damaged"), "\(found.errors)")
      #expect(found.output.contains("FAULT \(name.dropFirst(8))"), "\(found.output)")
      _ = try folder.write(name, bytes)
    }
  }

  /// What a student is ranked by may be still to come when it is killed.
  @Test func killedInTheEvaluationThatHalves() throws {
    try write(
      """
      set: {data.validation: "fashion-mnist:train[200:800]", checkpoints.every: 10}
      grid: {optimizer.adam.learningRate: [0.001, 0.03, 0.01]}
      halving: {steps: [10], keep: 0.3}
      """)
    #expect(try study("whole").status == 0)
    let expected = try result("whole")
    #expect(expected.students.filter { $0.state == .finished }.count == 1)
    let killed = try killedInEvaluation(of: "learningRate=0.03", step: 10)
    #expect(try study(killed, "--resume").status == 0)
    #expect(try result(killed) == expected)
  }

  /// Starts a study and kills it while a student is evaluated after a step.
  ///
  /// - Returns: its folder.
  private func killedInEvaluation(of student: String, step: Int) throws -> String {
    try Kill.retry { name in
      let own = "\(name)/students/\(student)"
      let last = folder.file("\(own)/checkpoints/\(String(format: "%09d", step)).json")
      let hasLanded = Kill.landed(on: try Tool.start(arguments(name, []), in: folder)) {
        FileManager.default.fileExists(atPath: last)
      }
      return try hasLanded && run.metrics(own).count == step - 1
    }
  }

  /// Without test images nothing but the state tells that the last evaluation is still to come.
  @Test func killedInTheLastEvaluationAndStopped() throws {
    try write(
      """
      set: {data.validation: "fashion-mnist:train[200:2200]", data.test: null, schedule.steps: 10}
      """)
    let cut = try killedInEvaluation(of: "r", step: 10)
    #expect(try study(cut, "--resume", "--stop-after", "0.001s").status == 0)
    #expect(try result(cut).students[0].state == .waiting)
    #expect(try study(cut, "--resume").status == 0)
    #expect(try run.metrics("\(cut)/students/r").count == 10)
  }

  @Test func whatIsFinishedIsNotOverwritten() throws {
    try write("grid: {optimizer.adam.learningRate: [0.01, 1e38]}")
    let first = try study("kept")
    #expect(first.status == 0 && first.errors.contains("did not come to an end"))
    let views = try views("kept/log.txt")
    // A student that failed is not tried again.
    #expect(try study("kept", "--resume").status == 0)
    #expect(try self.views("kept/log.txt") == views)
    let path = "kept/students/learningRate=0.01"
    let student = try folder.bytes("\(path)/student.safetensors")
    let refused = try run.distil(path, "--set", "optimizer.adam.learningRate=0.01")
    #expect(refused.status == 1 && refused.errors.contains("--resume"))
    let other = try run.distil(path, "--resume")
    #expect(other.status == 1 && other.errors.contains("0.003 now"), "\(other.errors)")
    let same = try run.distil(path, "--resume", "--set", "optimizer.adam.learningRate=0.01")
    #expect(same.status == 0 && same.output.contains("student.safetensors"), "\(same.errors)")
    #expect(try folder.bytes("\(path)/student.safetensors") == student)
    // Folders of runs and of studies.
    let run = try run.distil("kept", "--resume")
    #expect(run.status == 1 && run.errors.contains("holds a study"))
    let study = try study(path, "--resume")
    #expect(study.status == 1 && study.errors.contains("holds a run"))
  }
}
