import Foundation
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies
import FunMatchTestSupport
import Testing

/// What becomes of a study when something is wrong with one of its students.
@Suite(.serialized) struct StudyTroubleTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws {
    run = try FashionRun(steps: 12)
  }

  private func write(_ text: String) throws {
    _ = try folder.write("s.yaml", Array("recipe: r.yaml\n\(text)\n".utf8))
  }

  private func arguments(_ output: String) -> [String] {
    ["study", folder.file("s.yaml"), "--output", folder.file(output), "--threads", "1"]
      + ["--device", "cpu"]
  }

  private func study(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(output) + more, in: folder)
  }

  private func result(_ output: String) throws -> StudyResult {
    try #require(StudyResult(path: folder.file("\(output)/study.json")))
  }

  /// Makes sure that a file cannot be written.
  private func block(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder.file("\(path)/in the way"), withIntermediateDirectories: true)
  }

  private func unblock(_ path: String) throws {
    try FileManager.default.removeItem(atPath: folder.file(path))
  }

  private func expectSame(_ a: String, _ b: String, _ students: String...) throws {
    #expect(try result(a) == result(b))
    for student in students {
      let paths = [a, b].map { "\($0)/students/\(student)" }
      #expect(try run.metrics(paths[0]) == run.metrics(paths[1]), "\(student)")
      #expect(
        try folder.bytes(paths[0] + "/student.safetensors")
          == folder.bytes(paths[1] + "/student.safetensors"), "\(student)")
    }
  }

  @Test func aStudentThatDoesNotFitIsNoHarmToOthers() throws {
    try write(
      """
      set: {schedule.steps: 6}
      cases: {first: {}, wrong: {student.frozen: "nothing*"}, last: {distance.kl.temperature: 3}}
      """)
    let ended = try study("some")
    #expect(ended.status == 1 && ended.errors.contains("wrong: student.frozen"), "\(ended.errors)")
    #expect(ended.output.contains("(3 students)"))
    #expect(try result("some").students.map(\.state) == [.finished, .waiting, .finished])
    try write("cases: {first: {}, missing: {student.weights: nowhere.safetensors}}")
    let missing = try study("none")
    #expect(missing.status == 1 && missing.errors.contains("missing: nowhere.safetensors"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("none/students/first")))
  }

  @Test func aGroupThatCannotBeginIsNoHarmToOthers() throws {
    try write(
      """
      set: {schedule.steps: 6}
      cases: {first: {}, wrong: {teachers.0.model: resnet18}, last: {seed: 1}}
      """)
    let ended = try study("some")
    #expect(ended.status == 1 && ended.errors.contains("wrong: teachers.0"), "\(ended.errors)")
    #expect(try result("some").students.map(\.state) == [.finished, .waiting, .finished])
  }

  @Test func whoCannotBeginIsNotHalved() throws {
    try write(
      """
      cases: {first: {}, wrong: {student.frozen: "nothing*"}, last: {optimizer.adam.learningRate: 1e-9}}
      halving: {steps: [10], keep: 0.5}
      """)
    let ended = try study("some")
    #expect(ended.status == 1 && ended.errors.contains("wrong: student.frozen"), "\(ended.errors)")
    #expect(try result("some").students.map(\.state) == [.finished, .waiting, .halved])
  }

  /// All have made the step in which one of them could not be kept.
  @Test func troubleAtTheEndOfOneIsNoHarmToOthers() throws {
    try write("grid: {schedule.steps: [3, 12]}")
    try block("mended/students/steps=3/student.safetensors")
    let results = try Tool.runAll(["whole", "mended"].map(arguments), in: folder)
    let ended = results[1]
    #expect(results[0].status == 0, "\(results[0].errors)")
    #expect(ended.status == 1 && ended.errors.contains("steps=3/student.safetensors"))
    #expect(
      try run.files("mended/students/steps=12/checkpoints")
        == ["000000003.json", "000000003.safetensors"])
    try unblock("mended/students/steps=3/student.safetensors")
    #expect(try study("mended", "--resume").status == 0)
    try expectSame("whole", "mended", "steps=3", "steps=12")
  }

  @Test func anEvaluationThatWentWrongIsMadeUpFor() throws {
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("ImagesTests/Fixtures/baseline.jpg")
    let photo = [UInt8](try Data(contentsOf: fixture))
    try FileManager.default.createDirectory(
      atPath: folder.file("photos"), withIntermediateDirectories: true)
    for name in ["a", "b", "c"] { _ = try folder.write("photos/\(name).jpg", photo) }
    try write(
      """
      set: {data.validation: "photos:\(folder.file("photos"))"}
      grid: {optimizer.adam.learningRate: [0.003, 0.03]}
      halving: {steps: [10], keep: 0.5}
      """)
    let whole = try study("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    _ = try folder.write("photos/b.jpg", Array(photo.prefix(photo.count / 2)))
    let ended = try study("mended")
    #expect(ended.status == 1 && ended.errors.contains("b.jpg"), "\(ended.errors)")
    _ = try folder.write("photos/b.jpg", photo)
    let resumed = try study("mended", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let winner = try #require(try result("whole").students.first { $0.state == .finished }).name
    try expectSame("whole", "mended", winner)
  }

  @Test func whoEndsWhereOthersAreHalvedIsNotHalved() throws {
    try write(
      """
      zip: {schedule.steps: [12, 10], optimizer.adam.learningRate: [0.01, 1e-9]}
      halving: {steps: [10], keep: 0.5}
      """)
    let blocked = "mended/students/steps=10,learningRate=1e-9/student.safetensors"
    try block(blocked)
    let results = try Tool.runAll(["whole", "mended"].map(arguments), in: folder)
    #expect(results.map(\.status) == [0, 1], "\(results.map(\.errors))")
    try unblock(blocked)
    let resumed = try study("mended", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try result("whole").students.map(\.state) == [.finished, .finished])
    try expectSame("whole", "mended", "steps=12,learningRate=0.01")
  }

  /// What happened behind a halving step has no say in it when the study goes on.
  @Test func whoFailsLaterDidNotFailAtTheHalving() throws {
    try write(
      "grid: {optimizer.adam.learningRate: [0.01, 1e-9]}\nhalving: {steps: [10], keep: 0.5}")
    #expect(try study("s").status == 0)
    let winner = "s/students/learningRate=0.01"
    #expect(try result("s").students.map(\.state) == [.finished, .halved])
    try unblock("\(winner)/result.json")
    // What is changed by hand carries no checksum.
    let text = String(decoding: try folder.bytes("s/study.json"), as: UTF8.self)
      .replacing(/\n[ ]+"check" : "[0-9a-f]+",/, with: "")
    _ = try folder.write(
      "s/study.json", Array(text.replacing("\"finished\"", with: "\"failed\"").utf8))
    let resumed = try study("s", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try result("s").students.map(\.state) == [.failed, .halved])
  }

  @Test func figuresThatAreGoneAreNotRanked() throws {
    try write(
      "grid: {optimizer.adam.learningRate: [0.01, 1e-9]}\nhalving: {steps: [10], keep: 0.5}")
    #expect(try study("s").status == 0)
    let metrics = "s/students/learningRate=1e-9/metrics.jsonl"
    let text = String(decoding: try folder.bytes(metrics), as: UTF8.self)
    _ = try folder.write(metrics, Array(text.replacing("validation", with: "else").utf8))
    let resumed = try study("s", "--resume")
    #expect(
      resumed.status == 1
        && resumed.errors.contains("learningRate=1e-9/metrics.jsonl: has neither top-1 "),
      "\(resumed.errors)")
  }

  @Test func otherWeightsMakeOtherStudents() throws {
    try write("set: {schedule.steps: 6}\ngrid: {distance.kl.temperature: [1, 2]}")
    #expect(try study("s").status == 0)
    let student = try folder.bytes("s/students/temperature=1/student.safetensors")
    _ = try folder.write("teacher.safetensors", student)
    let resumed = try study("s", "--resume")
    #expect(
      resumed.status == 1
        && resumed.errors.contains("students/temperature=1 learnt from something else"),
      "\(resumed.errors)")
  }
}
