import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// Networks that PyTorch saved as programs teach as the same network does whose weights are read.
struct ProgramTeacherTests {
  private let folder: TemporaryFolder
  private let input = "mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]"

  init() throws { folder = try TemporaryFolder() }

  private func arguments(_ name: String, _ teacher: String, steps: Int) throws -> [String] {
    let recipe = """
      data: {train: "fashion-mnist:train[:400]", test: "fashion-mnist:test[:20]"}
      teachers: [\(teacher)]
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 32}
      optimizer: {adam: {learningRate: 0.003}}
      schedule: {steps: \(steps), warmupSteps: 3}
      batchSize: 8
      precision: f32
      """
    let path = try folder.write("\(name).yaml", Array(recipe.utf8))
    return [
      "distill", path, "--output", folder.file(name), "--device", "cpu", "--threads", "1",
      "--quiet",
    ]
  }

  private func distil(_ name: String, _ teacher: String, steps: Int = 5) throws -> Tool.Result {
    try Tool.run(arguments(name, teacher, steps: steps), in: folder)
  }

  private func losses(_ name: String) throws -> [Double] {
    String(decoding: try folder.bytes("\(name)/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n").compactMap {
        $0.firstMatch(of: /"distillLoss":([-0-9.e]+)/).flatMap { Double($0.1) }
      }
  }

  @Test(.enabled(if: PyTorch.compiles, "no Python with PyTorch, or no C++ compiler"))
  func programsTeachAsTheirNetworkDoes() throws {
    // Compiling a package takes long; `TorchProgramTests` has a small one.
    let (kinds, steps) = (Soak.first(of: ["traced", "package"]), Soak.isOn ? 50 : 8)
    try PyTorch.run(
      script: "save_programs.py", arguments: [folder.path, "resnet18", "state"] + kinds)
    let imported = try Tool.run(
      ["import", folder.file("state.pth"), "--output", folder.file("native.safetensors")],
      in: folder)
    #expect(imported.status == 0 && imported.output.contains(#""depth":18"#), "\(imported.errors)")
    let program = "classes: 10, trusted: true, batchSize: 8, input: {size: 64, \(input)}"
    let teachers = [
      "native": "{weights: native.safetensors, resolution: 64}",
      "traced": "{torchscript: {path: traced.pt, \(program)}}",
      "package": "{aotinductor: {path: package.pt2, \(program)}}",
    ]
    for (name, teacher) in teachers where name == "native" || kinds.contains(name) {
      let result = try distil(name, teacher, steps: steps)
      #expect(result.status == 0, "\(name): \(result.errors)")
      #expect(try losses(name).count == steps)
    }
    let native = try losses("native")
    for name in kinds {
      // Before Adam, to which a gradient's size does not matter, makes much of rounding.
      for (a, b) in zip(native, try losses(name)).prefix(2) {
        #expect(abs(a - b) < 1e-5, "\(name): \(b), not \(a)")
      }
    }

    // What they say of every batch of such a run.
    let teacher = try ModelFile(path: folder.file("native.safetensors")).model
    let others = try [
      ("traced.pt", TorchProgram.Format.torchScript), ("package.pt2", .aotInductor),
    ]
    .prefix(kinds.count).map { name, format in
      try ProgramClassifier(
        TorchProgram(path: folder.file(name), format: format, device: .cpu, batchSize: 8),
        classes: 10,
        size: 64, layout: .nchw, input: .imageNet, batchSize: 8)
    }
    let source = try BatchSource(
      DatasetRegistry().open(DatasetReference("fashion-mnist:train[:400]")), policy: .funmatch,
      batchSize: 8, student: 32, teachers: [64], seed: 0, steps: steps)
    let networks = ([teacher] + others as [any Classifier]).map {
      Teacher($0, resolution: 64, precision: .f32, device: .cpu)
    }
    let tolerance = try PyTorch.tolerance(folder)
    for step in 0..<steps {
      let batch = Batch(try source.batch(step), lambda: 0.7, device: .cpu)
      let images = try #require(batch.teacher[64])
      let logits = networks.map { $0(images) }
      for other in logits.dropFirst() {
        #expect(relativeDifference(other, expected: logits[0]) < tolerance, "batch \(step)")
      }
    }
  }

  /// What gives probabilities, or computes in half precision, teaches as the network itself once that is said; as long as it
  /// is not said, there is a warning.
  @Test(.enabled(if: PyTorch.compiles, "no Python with PyTorch, or no C++ compiler"))
  func whatComesOutIsSaidOrWarnedOf() throws {
    let kinds = ["traced", "softmax", "logSoftmax", "half", "bfloat16"]
    try PyTorch.run(script: "save_programs.py", arguments: [folder.path, "tiny"] + kinds)
    let runs = [
      ("exact", "traced", ""), ("softmax-unsaid", "softmax", ""),
      ("softmax-said", "softmax", ", outputs: probabilities"),
      ("logSoftmax-unsaid", "logSoftmax", ""),
      ("logSoftmax-said", "logSoftmax", ", outputs: logProbabilities"),
      ("meant", "softmax", ", outputs: logits"), ("half", "half", ""),
      ("bfloat16", "bfloat16", ""),
    ]
    let calls = try runs.map { name, kind, more in
      let program =
        "path: \(kind).pt, classes: 10, trusted: true, input: {size: 64, \(input)}\(more)"
      return try arguments(name, "{torchscript: {\(program)}}", steps: 5)
    }
    var errors: [String: String] = [:]
    for ((name, _, _), result) in zip(runs, try Tool.runAll(calls, in: folder)) {
      #expect(result.status == 0, "\(name): \(result.errors)")
      errors[name] = result.errors
    }
    func run(_ name: String) throws -> (String, [Double]) {
      (try #require(errors[name]), try losses(name))
    }
    let (silence, exact) = try run("exact")
    #expect(silence.isEmpty && exact.count == 5)
    for (kind, outputs) in [("softmax", "probabilities"), ("logSoftmax", "logProbabilities")] {
      let (warning, wrong) = try run("\(kind)-unsaid")
      #expect(
        warning.contains("teachers.0: what \(kind).pt gives")
          && warning.contains("`outputs: \(outputs)`"),
        "\(warning)")
      // Logarithms of probabilities are as good as logits.
      #expect((abs(wrong[0] - exact[0]) < 1e-4) == (kind == "logSoftmax"))
      let (nothing, right) = try run("\(kind)-said")
      #expect(nothing.isEmpty, "\(nothing)")
      #expect(abs(right[0] - exact[0]) < 1e-4)
    }
    #expect(try run("meant").0.isEmpty)
    for kind in ["half", "bfloat16"] {
      let (_, losses) = try run(kind)
      #expect(abs(losses[0] - exact[0]) < 0.02 * max(1, exact[0]), "\(kind): \(losses) \(exact)")
    }
    // Units of 255 with a range of 1.
    let scaled = try distil(
      "scaled",
      "{torchscript: {path: traced.pt, classes: 10, trusted: true, input: {size: 64, mean: 0.5, std: 58}}}",
      steps: 1)
    #expect(scaled.status == 0 && scaled.errors.contains("teachers.0.input: pixels become"))
  }

  /// Evaluations show more images at once than steps do, and a program gets no more than it was tried
  /// with.
  @Test func aProgramNeverGetsMoreAtOnceThanItWasTriedWith() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../TorchTests/Fixtures/program_scripted.pt").path
    let program = try TorchProgram(path: path, format: .torchScript, device: .cpu)
    let images = Torch.withSeed(1) { Tensor.rand([7, 3, 9, 9]) * 2 - 1 }
    let classifiers = try [2, 7].map {
      try ProgramClassifier(
        program, classes: 5, size: 9, layout: .nchw, input: .imageNet, batchSize: $0)
    }
    let logits = classifiers.map { $0(images, .evaluation(.f32)) }
    #expect(logits[0].shape == [7, 5] && maximumDifference(logits[0], logits[1]) < 1e-5)
  }

  /// Before the first step, with the key and the file.
  @Test(arguments: [
    ("trusted: false, classes: 5, input: {size: 9, ", "teachers.0.torchscript.trusted", "rights"),
    ("trusted: true, classes: 6, input: {size: 9, ", "program_scripted.pt", "logits of 6 classes"),
    (
      "trusted: true, classes: 5, input: {layout: nhwc, size: 9, ", "program_scripted.pt",
      "channels"
    ),
    ("trusted: true, classes: 5, input: {size: 9000, ", "input.size", "8192"),
  ])
  func whatDoesNotFitIsFoundBeforeTraining(entries: String, what: String, word: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../TorchTests/Fixtures/program_scripted.pt").path
    let result = try distil("r", "{torchscript: {path: '\(path)', \(entries)\(input)}}}")
    #expect(result.status == 1)
    #expect(result.errors.contains(what) && result.errors.contains(word), "\(result.errors)")
    #expect((try? folder.bytes("r/metrics.jsonl")) == nil)
  }
}
