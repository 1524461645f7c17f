import Foundation
import FunMatchFiles
import FunMatchFrozen
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What networks compute with is settled before the first step, and stays.
struct EngineTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 14) }

  private struct Choice: Decodable, Equatable {
    struct Part: Decodable, Equatable { var engine, precision: String }
    struct Threads: Decodable, Equatable {
      var student, teachers: Int
      var isAhead: Bool
    }
    var teachers: [Part]
    var student: String
    var threads: Threads?
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
      // bf16 is not timed where no hardware has it.
      let names = Set(ways.keys.flatMap { [$0, $0.replacing(" f32", with: " bf16")] })
        .union(ways.keys.contains("f32") ? ["bf16"] : [])
      json["seconds"] = Dictionary(
        uniqueKeysWithValues: names.map { ($0, $0.contains(word) ? 0.001 : 1) })
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
    let page = String(decoding: try folder.bytes("whole/report/index.html"), as: UTF8.self)
    #expect(page.contains("&quot;student&quot; : &quot;f32&quot;"))
    let stopped = try run.killed(at: 6, auto + ["--resume"])
    try prefer("bf16")
    try run.distilAll([("other", auto), (stopped, auto + ["--resume"])])
    #expect(try choice("other").student == "bf16")
    #expect(try choice(stopped) == first)
    #expect(try student(stopped) == student("whole"))
    #expect(try student("other") != student("whole"))
  }

  /// Logits that are kept are worth more than the fastest way to compute them again.
  @Test(arguments: ["bank={}", "views.policy=fix/cc"])
  func keptLogitsSayWhatComputes(edit: String) throws {
    func distil(_ name: String) throws -> Tool.Result {
      let result = try run.distil(name, "--set", "precision=auto", "--set", edit)
      #expect(result.status == 0, "\(result.errors)")
      return result
    }
    _ = try distil("first")
    try prefer("f32")
    try FileManager.default.removeItem(
      atPath: folder.file("kept/\(edit == "bank={}" ? "banks" : "targets")"))
    _ = try distil("recorded")
    #expect(try choice("recorded").teachers[0].precision == "f32")
    try prefer("bf16")
    let read = try distil("read")
    #expect(try choice("read").teachers == choice("recorded").teachers)
    #expect(read.errors.contains("teachers compute as theirs did"), "\(read.errors)")
    #expect(!read.errors.contains("once and for all"), "\(read.errors)")
  }

  @Test(.enabled(if: OpenVINO.atHand != nil, "OpenVINO is not here"))
  func bothEnginesTeachTheSame() throws {
    func edits(_ precision: String, _ engine: String) -> [String] {
      ["--set", "precision=\(precision)", "--set", "engine=\(engine)"]
    }
    try run.distilAll([
      ("openvino", edits("f32", "openvino")), ("libtorch", edits("f32", "libtorch")),
      ("half", edits("{teacher: f16, student: f32}", "libtorch")),
    ])
    for engine in ["openvino", "libtorch"] {
      #expect(try choice(engine).teachers == [.init(engine: engine, precision: "f32")])
    }
    // Adam makes much of rounding, so that only the first losses are near.
    for (a, b) in zip(try losses("openvino"), try losses("libtorch")).prefix(2) {
      #expect(abs(a - b) < 1e-5 * max(1, abs(b)), "\(a), not \(b)")
    }
    #expect(try choice("half").teachers == [.init(engine: "libtorch", precision: "f16")])
    let (first, other) = (try losses("half").first ?? 0, try losses("libtorch").first ?? 1)
    #expect(first != other && abs(first - other) < 1e-2 * abs(other), "\(first), not \(other)")
    let refused = try run.distil("wrong", "--set", "precision=f64")
    #expect(refused.status == 1 && refused.errors.contains("precision"), "\(refused.errors)")
  }

  @Test(
    .enabled(
      if: OpenVINO.atHand != nil && Processor.hasByteProducts, "no OpenVINO, or no byte products"))
  func aTeacherInInt8IsCalibratedOnceAndKept() throws {
    let int8 = ["--set", "precision={teacher: int8, student: f32}"]
    let loose = ["--set", "teachers.0.int8={agreement: 0, kl: 100}"]
    func distil(_ name: String, _ more: [String]) throws -> Tool.Result {
      try Tool.run(run.arguments(name, int8 + more), in: folder)
    }
    let whole = try distil("whole", loose)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(whole.errors.contains("calibrated to int8 in"), "\(whole.errors)")
    #expect(whole.errors.contains("KL") && whole.errors.contains("mixed:"), "\(whole.errors)")
    #expect(try choice("whole").teachers == [.init(engine: "openvino", precision: "int8")])
    let stopped = try run.killed(at: 6, int8 + loose + ["--resume"])
    // The run's folder says what was found.
    try FileManager.default.removeItem(atPath: folder.file("kept/int8"))
    let resumed = try distil(stopped, loose + ["--resume"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(!resumed.errors.contains("calibrated to int8 in"), "\(resumed.errors)")
    #expect(try student(stopped) == student("whole"))
    // Calibrated anew, the same is found, but for what is timed.
    let anew = try distil("anew", loose)
    #expect(anew.status == 0 && anew.errors.contains("calibrated to int8 in"), "\(anew.errors)")
    func calibration(_ name: String) throws -> Int8Scales {
      let found = JSONText.read(
        folder.file("\(name)/int8.json"), as: [String: Int8Network.Findings].self)
      var scales = try #require(found?.values.first).scales
      scales.othersInBF16 = nil
      return scales
    }
    #expect(try calibration("anew") == calibration("whole"))

    let strict = try distil("strict", ["--set", "teachers.0.int8.kl=1e-9"])
    #expect(strict.status == 1 && strict.errors.contains("teachers.0: int8 agrees with float on"))
    #expect(strict.errors.contains("int8.kl 1e-09"), "\(strict.errors)")
    let float = try distil("float", loose + ["--set", "engine=libtorch"])
    #expect(
      float.status == 0 && float.errors.contains("teacher computes in f32"), "\(float.errors)")
    let trained = try run.distil("trained", "--set", "precision=int8")
    #expect(trained.status == 1 && trained.errors.contains("for teachers alone"))
  }

  /// What is missing or edited in a run's folder is found again, and is what the run began with, however it is timed then.
  @Test(
    .enabled(
      if: OpenVINO.atHand != nil && Processor.hasByteProducts, "no OpenVINO, or no byte products"))
  func aDamagedCalibrationIsFoundAgain() throws {
    let int8 = [
      "--set", "precision={teacher: int8, student: f32}", "--set",
      "teachers.0.int8={agreement: 0, kl: 100}",
    ]
    let whole = try Tool.run(run.arguments("whole", int8), in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    let text = String(decoding: try folder.bytes("whole/int8.json"), as: UTF8.self)
    let stopped = try run.killed(at: 6, int8 + ["--resume"])
    func resumed(_ name: String, _ calibration: String) throws -> Tool.Result {
      try FileManager.default.copyItem(
        atPath: folder.file(stopped), toPath: folder.file(name))
      _ = try folder.write("\(name)/int8.json", Array(calibration.utf8))
      let result = try Tool.run(run.arguments(name, int8 + ["--resume"]), in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try student(name) == student("whole"), "\(name)")
      return result
    }

    // Ranges that are not those of engine.json, and measurements by which the other format would be faster.
    let cache = folder.file("kept/int8")
    for name in try FileManager.default.contentsOfDirectory(atPath: cache) {
      let path = "\(cache)/\(name)"
      struct Kept: Codable { var key: [String], findings: Int8Network.Findings }
      let kept = try #require(JSONText.read(path, as: Kept.self))
      try JSONText.write(Kept(key: kept.key, findings: kept.findings.otherwise), to: path)
    }
    let zeros = text.replacing(/"zero" ?: ?[1-9][0-9]*/, with: "\"zero\":0")
    #expect(zeros != text)
    let read = try resumed("edited", zeros)
    #expect(!read.errors.contains("calibrated to int8 in"), "\(read.errors)")
    // Nothing is left of it.
    try FileManager.default.removeItem(atPath: cache)
    let anew = try resumed("cut", String(text.dropLast(100)))
    #expect(anew.errors.contains("calibrated to int8 in"), "\(anew.errors)")
  }

  /// The demo's teacher hardly changes.
  @Test(
    .enabled(
      if: OpenVINO.atHand != nil && Processor.hasByteProducts, "no OpenVINO, or no byte products"))
  func evaluateAndPredictComputeInInt8() throws {
    let teacher = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Recipes/fashion-mnist-teacher.safetensors").path
    let int8 = ["--precision", "int8", "--calibrate", "fashion-mnist:train", "--device", "cpu"]
    let evaluated = try Tool.run(
      ["evaluate", teacher, "--data", "fashion-mnist:test[:1000]", "--teacher", teacher, "--json"]
        + int8, in: folder)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(
        with: Data(evaluated.output.split(separator: "\n").last.map(String.init)?.utf8 ?? "".utf8))
        as? [String: Any])
    #expect(try #require(json["agreement"] as? Double) >= 0.98)
    let kl = try #require(json["kl"] as? Double)
    #expect(kl > 0 && kl < 0.02)

    let pixels = Tensor((0..<28 * 28 * 3).map { UInt8($0 % 251) }, shape: [1, 28, 28, 3])
    try Npy.write(pixels, to: folder.file("x.npy"))
    for (name, more) in [("float", []), ("int8", int8)] {
      let predicted = try Tool.run(
        [
          "predict", teacher, "--input", folder.file("x.npy"), "--output",
          folder.file("\(name).npy"),
        ]
          + more, in: folder)
      #expect(predicted.status == 0, "\(predicted.errors)")
    }
    let float = try Npy.read(folder.file("float.npy"))
    let difference = relativeDifference(try Npy.read(folder.file("int8.npy")), expected: float)
    #expect(difference > 0 && difference < 0.2)
    for wrong in [["--precision", "int8"], ["--calibrate", "fashion-mnist:train"]] {
      let refused = try Tool.run(
        ["evaluate", teacher, "--data", "fashion-mnist:test"] + wrong, in: folder)
      #expect(refused.status == 64 && refused.errors.contains("--calibrate"), "\(refused.errors)")
    }
    let libtorch = try Tool.run(
      ["evaluate", teacher, "--data", "fashion-mnist:test", "--engine", "libtorch"] + int8,
      in: folder)
    #expect(libtorch.status == 1 && libtorch.errors.contains("engine is libtorch"))
  }

  /// How the cores are shared is settled before the first step, and stays; `--threads` settles it, too.
  @Test(.enabled(if: OpenVINO.atHand != nil, "OpenVINO is not here"))
  func teachersThatAreAheadTeachTheSame() throws {
    let format = ["--set", "precision=f32"]
    let whole = try run.distil("whole", "--set", "precision=f32")
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try choice("whole").threads == .init(student: 1, teachers: 1, isAhead: false))
    let name = try run.killed(at: 6, format + ["--resume"])
    let text = String(decoding: try folder.bytes("\(name)/engine.json"), as: UTF8.self)
    // What is changed by hand carries no checksum.
    let ahead = text.replacing(/"isAhead" ?: ?false/, with: "\"isAhead\": true")
      .replacing(/\n[ ]+"check" : "[0-9a-f]+",/, with: "")
    #expect(ahead != text)
    _ = try folder.write("\(name)/engine.json", Array(ahead.utf8))
    // Without --threads the folder says it.
    let arguments = run.arguments(name, format + ["--resume"]).filter {
      $0 != "--threads" && $0 != "1"
    }
    let resumed = try Tool.run(arguments, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("1 thread, and on 1 the teachers ahead"), "\(resumed.errors)")
    #expect(try choice(name).threads?.isAhead == true)
    #expect(try student(name) == student("whole"))
    #expect(try losses(name) == losses("whole"))

    // Measured where nobody says it: whatever is found, it is written and stays.
    let free = run.arguments("free", format).filter { $0 != "--threads" && $0 != "1" }
    let measured = try Tool.run(free, in: folder)
    #expect(measured.status == 0, "\(measured.errors)")
    #expect(try choice("free").threads != nil)
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
    let threads =
      #"{"student":"f32","teachers":[],"threads":{"student":0,"teachers":1,"isAhead":true}}"#
    for text in [
      "", "{}", #"{"student":"f32","teachers":[{"engine":"x","precision":"f32"}]}"#, threads,
    ] {
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

    // Those of the validation images after the last step, too.
    let validated = try Tool.run(
      "evaluate", folder.file("r/student.safetensors"), "--data", "fashion-mnist:train[200:260]",
      "--teacher", folder.file("teacher.safetensors"), "--threads", "1", "--json", in: folder)
    func object(_ line: Substring?) throws -> [String: Any] {
      let object = try JSONSerialization.jsonObject(with: Data((line ?? "").utf8))
      return try #require(object as? [String: Any])
    }
    let json = try object(validated.output.split(separator: "\n").last)
    let metrics = try String(contentsOfFile: folder.file("r/metrics.jsonl"), encoding: .utf8)
    let last = try object(metrics.split(separator: "\n").last)
    var compared = 0
    for (key, value) in last where key.hasPrefix("validation.") {
      guard let told = json[String(key.dropFirst("validation.".count))] as? Double else { continue }
      let kept = try #require(value as? Double)
      #expect(abs(kept - told) < 1e-9, "\(key): \(kept), not \(told)")
      compared += 1
    }
    #expect(compared > 2, "\(last.keys)")
  }
}
