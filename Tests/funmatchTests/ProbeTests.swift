import Foundation
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// `funmatch probe` on folders of images, by the real binary.
struct ProbeTests {
  private let folder: TemporaryFolder
  private let names = ["ant", "bee", "cat"]

  /// Three classes that differ in colour, 24 images each to learn from and eight to choose on, and a network that was trained
  /// on nothing.
  init() throws {
    folder = try TemporaryFolder()
    for (label, name) in names.enumerated() {
      for (part, numbers) in [("train", 0..<24), ("validation", 24..<32)] {
        try FileManager.default.createDirectory(
          atPath: folder.file("set/\(part)/\(name)"), withIntermediateDirectories: true)
        for number in numbers {
          let base = photograph(height: 30 + number % 5, width: 34, seed: 3 * number + label)
          let pixels = base.pixels.enumerated().map { place, value in
            // One in four has no colour of its class.
            value / 2 + (place % 3 == label && number % 4 > 0 ? 100 : 0)
          }
          let image = PixelImage(height: base.height, width: base.width, pixels: pixels)
          _ = try folder.write("set/\(part)/\(name)/\(number).png", image.pngData())
        }
      }
    }
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.125, classes: 7, stem: .small(stride: 2), groups: 4))
    try ModelFile(
      model: spec.build(seed: 5), spec: spec,
      preprocessing: EvaluationPreprocessing(resize: 28, crop: 24), hasUntrainedHead: true
    ).write(to: folder.file("body.safetensors"))
  }

  private func probe(
    _ arguments: [String], model: String? = nil, to output: String = "teacher.safetensors",
    data: String = "set:train", validation: String? = "set:validation",
    environment: [String: String] = [:]
  ) throws -> Tool.Result {
    let more = validation.map { ["--validation", "folder:\(folder.file($0))"] } ?? []
    let process = try Tool.start(
      [
        "probe", model ?? folder.file("body.safetensors"), "--data", "folder:\(folder.file(data))",
        "--output", folder.file(output), "--device", "cpu", "--threads", "1", "--workers", "2",
      ] + more + arguments, in: folder, environment: environment)
    return try Tool.result(of: process, in: folder)
  }

  private func json(_ result: Tool.Result) throws -> [String: Any] {
    #expect(result.status == 0, "\(result.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func run(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(arguments, in: folder)
  }

  @Test func theTeacherIsAModelFileLikeAnyOther() throws {
    let report = try json(probe(["--json"]))
    #expect(report["trainingImages"] as? Int == 72 && report["validationImages"] as? Int == 24)
    #expect(report["classes"] as? Int == 3 && report["views"] as? Int == 2)
    #expect(report["resolution"] as? Int == 24 && report["wereKept"] as? Bool == false)
    let top1 = try #require((report["top1"] as? [String: Double])?["validation"])
    let loss = try #require((report["loss"] as? [String: Double])?["validation"])
    // Better than one in three: colours are seen by any network.
    #expect(top1 > 0.5)
    let path = folder.file("teacher.safetensors")
    for batchSize in ["5", "64"] {
      let evaluated = try json(
        run(
          "evaluate", path, "--data", "folder:\(folder.file("set:validation"))", "--json",
          "--device", "cpu", "--batch-size", batchSize))
      let figures = try #require(evaluated["student"] as? [String: Double])
      #expect(figures["top1"] == top1)
      // Of logits in f32, which are sums of some hundred products.
      #expect(abs(try #require(figures["loss"]) - loss) < 1e-4)
    }
    let file = try ModelFile(path: path)
    #expect(file.classNames == names && !file.hasUntrainedHead)
    #expect(file.preprocessing == EvaluationPreprocessing(resize: 28, crop: 24))
    // All but the head is what it was.
    let body = try ModelFile(path: folder.file("body.safetensors")).model
    let head = Set(body.head.map(\.name))
    for (name, tensor) in body.store.tensors where !head.contains(name) {
      #expect(file.model.store[name]?.value.bytes == tensor.bytes, "\(name)")
    }

    let recipe = """
      data: {train: "photos:\(folder.file("set/train"))", test: "folder:\(folder.file("set:validation"))"}
      teachers: [{weights: teacher.safetensors, resolution: 24}]
      student: {model: {bit: {depth: [1], width: 0.125, stem: {small: {stride: 2}}, groups: 4}}, resolution: 24}
      schedule: {steps: 2, warmupSteps: 1}
      batchSize: 4
      precision: f32
      """
    let taught = try run(
      "distill", folder.write("r.yaml", Array(recipe.utf8)), "--output", folder.file("run"),
      "--device", "cpu", "--threads", "1", "--quiet")
    #expect(taught.status == 0, "\(taught.errors)")
    let exported = try run(
      "export", path, "--format", "onnx", "--output", folder.file("teacher.onnx"))
    #expect(exported.status == 0, "\(exported.errors)")
  }

  @Test func featuresAreComputedOnceAndWhateverTheBatch() throws {
    _ = try json(probe(["--json"]))
    let bytes = try folder.bytes("teacher.safetensors")
    // Another regularisation path or another output take no new features.
    let again = try json(probe(["--json"], to: "again.safetensors"))
    #expect(again["wereKept"] as? Bool == true)
    #expect(try folder.bytes("again.safetensors") == bytes)
    let kept = folder.file("kept/features")
    let files = try FileManager.default.contentsOfDirectory(atPath: kept)
      .filter { $0.hasSuffix(".f32") }
    #expect(files.count == 2)
    for file in files {
      var damaged = try folder.bytes("kept/features/\(file)")
      damaged[40] ^= 64
      _ = try folder.write("kept/features/\(file)", damaged)
    }
    let repaired = try probe(["--json"], to: "repaired.safetensors")
    #expect(try json(repaired)["wereKept"] as? Bool == false)
    #expect(
      repaired.errors.split(separator: "\n").count(where: {
        $0.hasSuffix("is damaged, and its features are computed anew")
      }) == 2)
    #expect(try folder.bytes("repaired.safetensors") == bytes)
    guard OpenVINO.atHand != nil else { return }
    _ = try json(
      probe(
        ["--json", "--batch-size", "7"], to: "seven.safetensors",
        environment: ["FUNMATCH_CACHE": folder.file("other")]))
    #expect(try folder.bytes("seven.safetensors") == bytes)
  }

  @Test func aFifthIsHeldOutAndPeopleReadWhatCame() throws {
    let result = try probe(["--resolution", "36", "--no-flip", "--views", "2"], validation: nil)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { $0.count <= 120 })
    let counts = lines.compactMap { line in
      line.firstMatch(of: #/^(?:training|validation) +(\d+) /#).flatMap { Int($0.1) }
    }
    #expect(counts.count == 2 && counts.reduce(0, +) == 72 && counts.allSatisfy { $0 > 2 })
    for word in ["calibration error", "temperature", "regularization", "C = ", "features", "fit"] {
      #expect(result.output.contains(word), "\(word)")
    }
    #expect(lines.last == "teacher: \(folder.file("teacher.safetensors"))")
    // As much of the image as at 24 of 28.
    #expect(
      try ModelFile(path: folder.file("teacher.safetensors")).preprocessing
        == EvaluationPreprocessing(resize: 42, crop: 36))
  }

  @Test func meansOfClassesAreAHeadToo() throws {
    let report = try json(probe(["--json", "--prototypes"]))
    #expect(report["prototypes"] as? Bool == true && report["regularization"] == nil)
    let top1 = try #require((report["top1"] as? [String: Double])?["validation"])
    let evaluated = try json(
      run(
        "evaluate", folder.file("teacher.safetensors"), "--data",
        "folder:\(folder.file("set:validation"))", "--json", "--device", "cpu"))
    #expect((evaluated["student"] as? [String: Double])?["top1"] == top1)
    // Squared distances of so many features are far too sure of themselves.
    #expect(try #require(report["temperature"] as? Double) > 1)
  }

  private static let programs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../TorchTests/Fixtures").standardized.path

  private func program(_ name: String, mean: Double = 0.5) -> String {
    "torchscript: {path: '\(Self.programs)/\(name).pt', classes: 5, trusted: true, input: {size: 9, mean: \(mean), std: 0.5}}"
  }

  private func distil(_ teacher: String, _ more: String = "") throws -> Tool.Result {
    let recipe = """
      data: {train: "photos:\(folder.file("set/train"))", test: "folder:\(folder.file("set:validation"))"}
      teachers: [{\(teacher)}]
      student: {model: {bit: {depth: [1], width: 0.125, stem: {small: {stride: 2}}, groups: 4}}, resolution: 9\(more)}
      schedule: {steps: 2, warmupSteps: 1}
      batchSize: 4
      precision: f32
      evaluation: {batchSize: 8}
      """
    return try Tool.run(
      [
        "distill", folder.write("program.yaml", Array(recipe.utf8)), "--output",
        folder.file(UUID().uuidString), "--device", "cpu", "--threads", "1",
      ], in: folder)
  }

  /// The head of a program has a file of its own, which goes with this program alone.
  @Test func aProgramGetsAHeadOfItsOwn() throws {
    let report = try json(
      probe(["--json"], model: program("program_scripted"), to: "head.safetensors"))
    #expect(report["features"] as? Int == 5 && report["classes"] as? Int == 3)
    let top1 = try #require((report["top1"] as? [String: Double])?["validation"])
    let head = try ProgramHead(path: folder.file("head.safetensors"))
    #expect(head.weight.shape == [3, 5] && head.classNames == names)

    let taught = try distil("\(program("program_scripted")), head: head.safetensors")
    #expect(taught.status == 0, "\(taught.errors)")
    // The teacher is measured as an evaluation shows it images, which is how features were computed.
    let row = try #require(taught.output.split(separator: "\n").first { $0.hasPrefix("teacher") })
    let shown = String(format: "%.4f", top1)
    #expect(row.contains(shown), "\(row), not \(shown)")

    let refusals = [
      (try distil("\(program("program_traced")), head: head.safetensors"), "another program"),
      (
        try distil("\(program("program_scripted", mean: 0.4)), head: head.safetensors"),
        "other images"
      ),
      (
        try distil("weights: body.safetensors, resolution: 24, head: head.safetensors"),
        "a model file has a head of its own"
      ),
      (try distil("weights: head.safetensors, resolution: 24"), "last layer of a program alone"),
      (
        try distil(
          "\(program("program_scripted")), head: head.safetensors", ", weights: head.safetensors"),
        "last layer of a program alone"
      ),
      (
        try run(
          "export", folder.file("head.safetensors"), "--format", "onnx", "--output",
          folder.file("head.onnx")), "last layer of a program alone"
      ),
      (
        try run(
          "evaluate", folder.file("head.safetensors"), "--data",
          "folder:\(folder.file("set:validation"))"), "last layer of a program alone"
      ),
      (
        try probe([], model: program("program_scripted") + "\nhead: head.safetensors"),
        "is to get a new one"
      ),
      (
        try probe(["--resolution", "24"], model: program("program_scripted")),
        "looks at 9 pixels"
      ),
    ]
    for (result, words) in refusals {
      #expect(result.status == 1 && result.errors.contains(words), "\(words): \(result.errors)")
    }
    var bytes = try folder.bytes("head.safetensors")
    bytes[bytes.count - 3] ^= 1
    _ = try folder.write("head.safetensors", bytes)
    let damaged = try distil("\(program("program_scripted")), head: head.safetensors")
    #expect(damaged.status == 1 && damaged.errors.contains("is damaged"), "\(damaged.errors)")
  }

  /// Broken images are left out before anything is counted: the head is that of the others alone.
  @Test func brokenImagesAreFatalOrLeftOut() throws {
    let broken = ["train/ant/1.png", "train/bee/22.png", "validation/cat/30.png"]
    for path in broken {
      _ = try folder.write("set/\(path)", Array(folder.bytes("set/\(path)").prefix(60)))
    }
    let refused = try probe([])
    #expect(refused.status == 1 && refused.errors.contains("cannot decode"), "\(refused.errors)")
    #expect(try !folder.contents.contains("teacher.safetensors"))

    let lenient = try probe(["--skip-broken", "--json"])
    let report = try json(lenient)
    #expect(report["trainingImages"] as? Int == 70 && report["validationImages"] as? Int == 23)
    let named = lenient.errors.split(separator: "\n").filter { $0.hasPrefix("skipped: ") }
    #expect(named.count == 3, "\(lenient.errors)")
    for path in broken {
      #expect(named.contains { $0.contains(path) }, "\(path): \(lenient.errors)")
      try FileManager.default.removeItem(atPath: folder.file("set/\(path)"))
    }
    _ = try json(probe(["--json"], to: "others.safetensors"))
    #expect(try folder.bytes("teacher.safetensors") == folder.bytes("others.safetensors"))

    for name in names {
      for number in 24..<32 {
        _ = try folder.write("set/validation/\(name)/\(number).png", [137, 80])
      }
    }
    let nothing = try probe(["--skip-broken"], to: "none.safetensors")
    #expect(
      nothing.status == 1 && nothing.errors.contains("none of its 24 images can be decoded"),
      "\(nothing.errors)")
  }

  @Test func aMapSaysWhichClassIsWhich() throws {
    func top1(_ result: Tool.Result) throws -> Double {
      try #require((json(result)["top1"] as? [String: Double])?["validation"])
    }
    let before = try top1(probe(["--json"]))
    let files = FileManager.default
    try files.moveItem(
      atPath: folder.file("set/validation/ant"), toPath: folder.file("set/validation/Ameise"))
    let refused = try probe([], to: "n.safetensors")
    #expect(
      refused.status == 1
        && refused.errors.contains("'Ameise'; folder:")
        && refused.errors.contains("--class-map of evaluate and probe"), "\(refused.errors)")
    func map(_ text: String) throws -> [String] {
      ["--json", "--class-map", try folder.write("names.yaml", Array(text.utf8))]
    }
    #expect(try top1(probe(map("{Ameise: ant}"), to: "n.safetensors")) == before)

    // Several become one, in both data sets.
    let merged = try json(
      probe(map("{Ameise: insect, ant: insect, bee: insect}"), to: "m.safetensors"))
    #expect(merged["classes"] as? Int == 2)
    #expect(try ModelFile(path: folder.file("m.safetensors")).classNames == ["insect", "cat"])

    let unknown = try probe(map("{Ameise: ant, dog: cat}"), to: "u.safetensors")
    #expect(
      unknown.status == 1 && unknown.errors.contains("names.yaml: 'dog' is no class of folder:"),
      "\(unknown.errors)")
  }

  @Test func whatCannotBeLearntFromIsRefused() throws {
    let photos = try run(
      "probe", folder.file("body.safetensors"), "--data", "photos:\(folder.file("set/train"))",
      "--output", folder.file("t.safetensors"), "--device", "cpu")
    let refusals = [
      (photos, "has no labels"),
      (try probe([], to: "nowhere/t.safetensors"), "there is no folder"),
      (try probe([], data: "set/train/ant"), "has no labels"),
      (try probe([], validation: "set"), "holds the splits train, validation"),
    ]
    for (result, words) in refusals {
      #expect(result.status == 1 && result.errors.contains(words), "\(words): \(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
    #expect(
      try !folder.contents.contains { $0.hasSuffix("t.safetensors") || $0 == "teacher.safetensors" }
    )
    #expect(try probe(["--views", "-1"]).status == 64)
  }

  @Test func aSignalEndsIt() throws {
    let process = try Tool.start(
      [
        "probe", folder.file("body.safetensors"), "--data", "folder:\(folder.file("set:train"))",
        "--output", folder.file("teacher.safetensors"), "--views", "1000", "--device", "cpu",
        "--threads", "1",
      ], in: folder)
    let features = folder.file("kept/features")
    func unfinished() -> Bool {
      let names = try? FileManager.default.contentsOfDirectory(atPath: features)
      return names?.contains { $0.hasSuffix(".tmp") } ?? false
    }
    while process.isRunning, !unfinished() { usleep(10_000) }
    try #require(process.isRunning, "it was too fast to be stopped")
    process.terminate()
    let result = try Tool.result(of: process, in: folder)
    #expect(process.terminationReason == .uncaughtSignal && result.status == SIGTERM)
    #expect(result.errors.contains("stopped; ") && result.errors.contains("is not written"))
    #expect(try !folder.contents.contains("teacher.safetensors") && !unfinished())
  }
}
