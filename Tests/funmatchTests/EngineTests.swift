import Foundation
import FunMatchFrozen
import FunMatchTestSupport
import Testing

/// What networks compute with is settled before the first step, and stays.
struct EngineTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 14) }

  private struct Choice: Decodable, Equatable {
    struct Part: Decodable, Equatable { var engine, precision: String }
    var teachers: [Part]
    var student: String
  }

  private func choice(_ name: String) throws -> Choice {
    try JSONDecoder().decode(Choice.self, from: Data(folder.bytes("\(name)/engine.json")))
  }

  private func student(_ name: String) throws -> [UInt8] {
    try folder.bytes("\(name)/student.safetensors")
  }

  private func losses(_ name: String) throws -> [Double] {
    try run.metrics(name).compactMap {
      $0.firstMatch(of: /"distillLoss":([-0-9.e]+)/).flatMap { Double($0.1) }
    }
  }

  /// Makes the ways whose names contain `word` the fastest of all that were measured.
  private func prefer(_ word: String) throws {
    let engines = folder.file("kept/engines")
    for name in try FileManager.default.contentsOfDirectory(atPath: engines) {
      let url = URL(fileURLWithPath: "\(engines)/\(name)")
      var json = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      let ways = try #require(json["seconds"] as? [String: Double])
      json["seconds"] = Dictionary(
        uniqueKeysWithValues: ways.keys.map { ($0, $0.contains(word) ? 0.001 : 1) })
      try JSONSerialization.data(withJSONObject: json).write(to: url)
    }
  }

  @Test func theFastestIsMeasuredAndKeptWhateverIsFasterLater() throws {
    let auto = ["--set", "precision=auto"]
    func distil(_ name: String, _ more: String...) throws -> Tool.Result {
      try Tool.run(run.arguments(name, auto + more), in: folder)
    }
    let measured = try distil("measured")
    #expect(measured.status == 0, "\(measured.errors)")
    #expect(measured.errors.contains("student computes in"), "\(measured.errors)")
    #expect(measured.errors.contains("libtorch f32"), "\(measured.errors)")

    try prefer("f32")
    let whole = try distil("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    let first = try choice("whole")
    #expect(first.student == "f32" && first.teachers[0].precision == "f32")
    let stopped = try run.killed(at: 6, auto + ["--resume"])
    try prefer("bf16")
    let other = try distil("other")
    #expect(other.status == 0, "\(other.errors)")
    #expect(try choice("other").student == "bf16")
    let resumed = try distil(stopped, "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try choice(stopped) == first)
    #expect(try student(stopped) == student("whole"))
    #expect(try student("other") != student("whole"))
  }

  @Test(.enabled(if: OpenVINO.atHand != nil, "OpenVINO is not here"))
  func bothEnginesTeachTheSame() throws {
    for engine in ["openvino", "libtorch"] {
      let result = try run.distil(
        engine, "--set", "precision=f32", "--set", "engine=\(engine)")
      #expect(result.status == 0, "\(result.errors)")
      #expect(try choice(engine).teachers == [.init(engine: engine, precision: "f32")])
    }
    // Adam makes much of rounding, so that only the first losses are near.
    for (a, b) in zip(try losses("openvino"), try losses("libtorch")).prefix(2) {
      #expect(abs(a - b) < 1e-5 * max(1, abs(b)), "\(a), not \(b)")
    }
    let refused = try run.distil("gpu", "--set", "precision=f64")
    #expect(refused.status == 1 && refused.errors.contains("precision"), "\(refused.errors)")
  }

  /// Folders of earlier versions do not tell what computed: it was libtorch.
  @Test func aRunOfAnEarlierVersionGoesOnOnLibtorch() throws {
    let whole = try run.distil("whole", "--set", "engine=libtorch")
    #expect(whole.status == 0, "\(whole.errors)")
    let name = try run.killed(at: 6, ["--resume", "--set", "engine=libtorch"])
    let recipe = String(decoding: try folder.bytes("\(name)/recipe.yaml"), as: UTF8.self)
    #expect(recipe.contains("engine: libtorch\n"))
    _ = try folder.write(
      "\(name)/recipe.yaml", Array(recipe.replacing("engine: libtorch\n", with: "").utf8))
    try FileManager.default.removeItem(atPath: folder.file("\(name)/engine.json"))
    let resumed = try run.distil(name, "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try choice(name).teachers[0].engine == "libtorch")
    #expect(try student(name) == student("whole"))
  }

  @Test func whatCannotBeReadIsRefused() throws {
    let name = try run.killed(at: 6, ["--resume"])
    for text in ["", "{}", #"{"student":"f32","teachers":[{"engine":"x","precision":"f32"}]}"#] {
      _ = try folder.write("\(name)/engine.json", Array(text.utf8))
      let result = try run.distil(name, "--resume")
      #expect(result.status == 1 && result.errors.contains("engine.json: is damaged"))
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
  }

  /// The table at the end of a run has what `evaluate` says of its student.
  @Test func aRunEndsWithTheFiguresOfEvaluate() throws {
    let result = try run.distil("r")
    #expect(result.status == 0, "\(result.errors)")
    let evaluated = try Tool.run(
      "evaluate", folder.file("r/student.safetensors"), "--data", "fashion-mnist:test[:100]",
      "--teacher", folder.file("teacher.safetensors"), "--threads", "1", in: folder)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    func rows(_ text: String) -> [String] {
      text.split(separator: "\n").filter { $0.hasPrefix("teacher ") || $0.hasPrefix("student ") }
        // The last column is a speed.
        .map { $0.split(separator: " ").dropLast().joined(separator: " ") }
    }
    #expect(rows(result.output).count == 2 && rows(result.output) == rows(evaluated.output))
  }
}
