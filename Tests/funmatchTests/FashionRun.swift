import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// A folder with a small recipe on Fashion-MNIST and its teacher, and what tests do with them.
struct FashionRun {
  let folder: TemporaryFolder

  /// - Parameter more: lines that the recipe has beside the usual ones.
  init(
    steps: Int, _ more: String = "", optimizer: String = "{adam: {learningRate: 0.003}}",
    teacherSeed: UInt64 = 4
  ) throws {
    folder = try TemporaryFolder()
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.25, classes: 10, stem: .small(stride: 2), groups: 8))
    let teacher = try spec.build(seed: teacherSeed)
    Torch.withSeed(5) {
      for parameter in teacher.head where parameter.value.shape.count > 1 {
        parameter.value.copy(from: Tensor.randn(parameter.value.shape) * 0.3)
      }
    }
    try ModelFile(
      model: teacher, spec: spec, preprocessing: EvaluationPreprocessing(resize: 28, crop: 28)
    ).write(to: folder.file("teacher.safetensors"), as: .bf16)
    let recipe = """
      data: {train: "fashion-mnist:train[:200]", validation: "fashion-mnist:train[200:260]", test: "fashion-mnist:test[:100]"}
      teachers: [{weights: "teacher.safetensors", resolution: 28}]
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 28}
      views: {crop: {inception: {areaMin: 0.4}}}
      optimizer: \(optimizer)
      schedule: {steps: \(steps), warmupSteps: 3}
      batchSize: 16
      evaluation: {every: 10, trainingImages: 20}
      checkpoints: {every: 4, keep: 2, best: true}
      \(more.contains("precision:") ? "" : "precision: bf16")
      \(more)
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  func arguments(
    _ output: String, _ more: [String] = [], command: String = "distill"
  ) -> [String] {
    [
      command, folder.file("r.yaml"), "--output", folder.file(output), "--device", "cpu",
      "--threads", "1",
    ] + more
  }

  func distil(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(output, more), in: folder)
  }

  func train(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(output, more, command: "train"), in: folder)
  }

  /// Runs that do not wait for each other, and that have to succeed.
  func distilAll(
    _ runs: [(name: String, more: [String])], command: String = "distill"
  ) throws {
    let calls = runs.map { arguments($0.name, $0.more, command: command) }
    for (run, result) in zip(runs, try Tool.runAll(calls, in: folder)) {
      try #require(result.status == 0, "\(run.name): \(result.errors)")
    }
  }

  /// Starts a run and waits until it has written so many lines of metrics.
  func start(_ output: String, until count: Int, _ more: String...) throws -> Process {
    let process = try Tool.start(arguments(output, more), in: folder)
    while process.isRunning, (try? metrics(output).count) ?? 0 < count { usleep(2000) }
    return process
  }

  /// Runs until so many lines of metrics are written, and is killed then.
  ///
  /// - Returns: the name of its folder.
  func killed(at count: Int, _ more: [String]) throws -> String {
    try Kill.retry { name in
      try Kill.landed(on: Tool.start(arguments(name, more), in: folder)) {
        (try? metrics(name).count) ?? 0 >= count
      }
    }
  }

  /// Lines of a run's metrics without what clock and memory tell.
  func metrics(_ run: String) throws -> [String] {
    let text = String(decoding: try folder.bytes("\(run)/metrics.jsonl"), as: UTF8.self)
    return text.split(separator: "\n").map {
      String($0).replacing(/"(imagesPerSecond|residentMegabytes)":[0-9.e+-]+,/, with: "")
    }
  }

  /// Names of the files in a folder of a run, sorted.
  func files(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(path)).sorted()
  }
}
