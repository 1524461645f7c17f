import Foundation
import FunMatchTestSupport
import Testing

/// What several processes make together beside steps: banks, fixed targets, studies.
@Suite(.serialized) struct SharedWorkTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 14, "precision: f32") }

  private func distil(_ count: Int, _ output: String, cache: String, _ more: [String]) throws {
    let environment = ["FUNMATCH_CACHE": folder.file(cache)]
    let group = try ToolGroup(count, in: folder, environment: environment) { _ in
      run.arguments(output, more)
    }
    for result in try group.results() { try #require(result.status == 0, "\(result.errors)") }
  }

  private func log(_ output: String) throws -> String {
    String(decoding: try folder.bytes("\(output)/log.txt"), as: UTF8.self)
  }

  /// A process alone is a group of one here, which reads what two have recorded and computes nothing.
  @Test func aBankOfManyWritersHasManyReaders() throws {
    let more = ["--set", "bank={precision: f32}", "--set", "microBatchSize=8"]
    try distil(2, "recorded", cache: "bank", more)
    #expect(try log("recorded").contains("computed logits of"))
    for count in Soak.first(of: [1, 2, 4]) {
      try distil(count, "read\(count)", cache: "bank", more)
      #expect(try !log("read\(count)").contains("computed logits of"), "\(count) processes")
      for (one, other) in zip(try losses("recorded"), try losses("read\(count)")) {
        #expect(abs(one - other) < 1e-4 * one, "\(count) processes: \(other) for \(one)")
      }
    }
    // It grows with as many as have begun it.
    try distil(2, "longer", cache: "bank", more + ["--set", "schedule.steps=18"])
    #expect(try log("longer").contains("14 of 18 steps are known from before"))
    #expect(try log("longer").contains("computed logits of 32 views"))
  }

  private func losses(_ output: String) throws -> [Double] {
    try run.metrics(output).compactMap {
      let line = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      return line?["distillLoss"] as? Double
    }
  }

  @Test func fixedTargetsAreThoseOfOneProcess() throws {
    let more = ["--set", "views.policy=fix/rs", "--set", "schedule.steps=3"]
    var targets: [[UInt8]] = []
    for count in [1, 3] {
      try distil(count, "fixed\(count)", cache: "targets\(count)", more)
      let files = try run.files("targets\(count)/targets").filter { $0.hasSuffix(".f32") }
      #expect(files.count == 1)
      targets.append(try folder.bytes("targets\(count)/targets/\(files[0])"))
    }
    #expect(targets[0].count == 200 * 10 * 4 && targets[0] == targets[1])
  }

  @Test func aStudentOfAStudyIsWhatItsRecipeGivesAlone() throws {
    let rates = Soak.first(2, of: ["0.001", "0.01", "0.002", "0.003", "0.004", "0.005"])
    _ = try folder.write(
      "s.yaml",
      Array(
        "recipe: r.yaml\ngrid: {optimizer.adam.learningRate: [\(rates.joined(separator: ", "))]}"
          .utf8))
    let environment = ["FUNMATCH_CACHE": folder.file("kept")]
    let group = try ToolGroup(2, in: folder, environment: environment) { _ in
      [
        "study", folder.file("s.yaml"), "--output", folder.file("side"), "--threads", "1",
        "--device", "cpu",
      ]
    }
    let results = try group.results()
    #expect(results.allSatisfy { $0.status == 0 }, "\(results.map(\.errors))")
    #expect(results[1].output.isEmpty && results[0].output.contains("report: "))
    let students = try run.files("side/students")
    #expect(students.count == rates.count)
    for rate in rates {
      try distil(
        2, "alone\(rate)", cache: "kept", ["--set", "optimizer.adam.learningRate=\(rate)"])
      let own = try folder.bytes("alone\(rate)/student.safetensors")
      let same = try students.filter {
        try folder.bytes("side/students/\($0)/student.safetensors") == own
      }
      #expect(same.count == 1, "\(rate): \(same)")
    }
  }
}
