import Foundation
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// A run that was killed and resumed ends as one that never stopped.
@Suite(.serialized) struct ResumeTests {
  private let folder: TemporaryFolder
  private let steps = 30

  init() throws {
    folder = try TemporaryFolder()
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.25, classes: 10, stem: .small(stride: 2), groups: 8))
    let teacher = try spec.build(seed: 4)
    let head = try #require(teacher.store["head.fc.weight"])
    Torch.manualSeed(5)
    head.value.copy(from: Tensor.randn(head.value.shape) * 0.3)
    try ModelFile(
      model: teacher, spec: spec, preprocessing: Preprocessing(resize: 28, crop: 28)
    ).write(to: folder.file("teacher.safetensors"), as: .bf16)
    let recipe = """
      data: {train: "fashion-mnist:train[:200]", validation: "fashion-mnist:train[200:260]", test: "fashion-mnist:test[:100]"}
      teachers: [{weights: "teacher.safetensors", resolution: 28}]
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 28}
      views: {crop: {inception: {areaMin: 0.4}}}
      optimizer: {adam: {learningRate: 0.003}}
      schedule: {steps: \(steps), warmupSteps: 3}
      batchSize: 16
      evaluation: {every: 10}
      checkpoints: {every: 4, keep: 2}
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  private func arguments(_ output: String, _ more: [String]) -> [String] {
    ["distill", folder.file("r.yaml"), "--output", folder.file(output), "--device", "cpu"] + more
  }

  private func distil(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(output, more), in: folder)
  }

  /// Starts a run and waits until it has written so many lines of metrics.
  private func start(_ output: String, until count: Int, _ more: String...) throws -> Process {
    let process = try Tool.start(arguments(output, more), in: folder)
    while process.isRunning, (try? metrics(output).count) ?? 0 < count { usleep(2000) }
    return process
  }

  /// Lines of a run's metrics without what the clock tells.
  private func metrics(_ run: String) throws -> [String] {
    let text = String(decoding: try folder.bytes("\(run)/metrics.jsonl"), as: UTF8.self)
    return text.split(separator: "\n").map {
      String($0).replacing(/"imagesPerSecond":[0-9.e+-]+,/, with: "")
    }
  }

  @Test func killedAtRandomAndResumed() throws {
    let whole = try distil("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    let lines = try metrics("whole")
    #expect(lines.count == steps)
    #expect(lines[9].contains("validation.top1") && lines[9].contains("validation.agreement"))

    var generator = SystemRandomNumberGenerator()
    let wantedKills = ProcessInfo.processInfo.environment["FUNMATCH_SOAK"] == nil ? 2 : 20
    var (kills, attempt) = (0, 0)
    while kills < wantedKills {
      attempt += 1
      try #require(attempt < 2 * wantedKills + 5, "runs end before they can be killed")
      let name = "killed\(attempt)"
      let wanted = Int.random(in: 1..<steps - 2, using: &generator)
      let process = try start(name, until: wanted, "--resume")
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      // On a busy machine it may have been faster than we were.
      if process.terminationReason != .uncaughtSignal { continue }
      kills += 1
      let resumed = try distil(name, "--resume")
      #expect(resumed.status == 0, "killed after step \(wanted): \(resumed.errors)")
      #expect(try metrics(name) == lines, "killed after step \(wanted)")
      #expect(
        try folder.bytes("\(name)/student.safetensors")
          == folder.bytes("whole/student.safetensors"),
        "killed after step \(wanted)")
      #expect(
        try folder.bytes("\(name)/checkpoints/0000000\(steps).safetensors")
          == folder.bytes("whole/checkpoints/0000000\(steps).safetensors"))
    }

    // A finished run is finished, with or without its last checkpoint being newer than the student.
    #expect(FileManager.default.fileExists(atPath: folder.file("whole/report/accuracy.svg")))
    let again = try distil("whole", "--resume")
    #expect(again.status == 0 && again.output.contains("student"))
    let refused = try distil("whole")
    #expect(refused.status == 1 && refused.errors.contains("--resume"))
    let labels = try Tool.run(
      ["train"] + arguments("whole", ["--resume"]).dropFirst(), in: folder)
    #expect(labels.status == 1 && labels.errors.contains("learns from something else"))
    let other = try distil("whole", "--resume", "--set", "batchSize=8")
    #expect(other.status == 1 && other.errors.contains("batchSize: 8"))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func signalsSaveAndEndCleanly(signal: Int32) throws {
    let process = try start(
      "stopped", until: 3, "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000")
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    let step = try metrics("stopped").count
    let output = String(decoding: try folder.bytes("stream-out"), as: UTF8.self)
    #expect(output.contains("step \(step)") && output.contains("--resume"))
    let saved = try folder.bytes("stopped/checkpoints/\(String(format: "%09d", step)).json")
    #expect(!saved.isEmpty)
  }

  @Test func aSecondProcessIsKeptOut() throws {
    let process = try start(
      "shared", until: 2, "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000")
    let second = try TemporaryFolder()
    let refused = try Tool.run(
      arguments(
        "shared",
        ["--resume", "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000"]),
      in: second)
    #expect(refused.status == 1 && refused.errors.contains("another process"))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  @Test func anExplodingLossNamesItsStepAndKeepsTheCheckpoint() throws {
    let result = try distil(
      "wild", "--quiet", "--set", "optimizer.adam.learningRate=1e38", "--set",
      "checkpoints.every=1", "--set", "schedule.warmupSteps=4")
    #expect(result.status == 1)
    #expect(result.errors.contains("step"))
    #expect(result.errors.contains("loss") || result.errors.contains("gradient"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("wild/student.safetensors")))
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.file("wild/checkpoints"))
    #expect(kept.contains { $0.hasSuffix(".json") })
  }

  @Test func trainingLearnsFromLabels() throws {
    let result = try Tool.run(
      "train", folder.file("r.yaml"), "--output", folder.file("labels"), "--quiet",
      "--device", "cpu", in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    #expect(result.output.contains("top-1") && result.output.contains("student.safetensors"))
    let losses = try metrics("labels").map { line in
      try #require(Double(line.split(separator: ",")[0].split(separator: ":")[1]))
    }
    #expect(losses.suffix(5).reduce(0, +) < losses.prefix(5).reduce(0, +))
  }
}
