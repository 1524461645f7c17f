import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct CommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The spec of the golden weights as a user types it.
  private func spec() throws -> String {
    let json = try Golden.json("bit4_config.json")
    let depth = try #require(json["depth"] as? [Int])
    return "bit: {depth: \(depth), width: \(try #require(json["width"] as? Double)), classes: "
      + "\(try #require(json["num_classes"] as? Int))}"
  }

  @Test func importedWeightsPredictTheGoldenLogits() throws {
    let model = folder.file("m.safetensors")
    let imported = try Tool.run(
      "import", Golden.path("bit4_weights.npz"), "--model", spec(), "--output", model, in: folder)
    #expect(imported.status == 0, "\(imported.errors)")
    let arrays = try Golden.npz("bit4_forward.npz")
    for name in ["x64", "x75", "x61x98"] {
      try Npy.write(try #require(arrays[name + "_image"]), to: folder.file("x.npy"))
      let predicted = try Tool.run(
        "predict", model, "--input", folder.file("x.npy"), "--output", folder.file("y.npy"),
        "--device", "cpu", in: folder)
      #expect(predicted.status == 0, "\(predicted.errors)")
      let logits = try Npy.read(folder.file("y.npy"))
      #expect(maximumDifference(logits, try #require(arrays[name + "_logits"])) <= 2e-4)
    }
    // There and back: an exported file that is imported again is the model that it was made of.
    for format in ["npz", "safetensors"] {
      let exported = folder.file("exported.\(format)")
      let again = folder.file("again.safetensors")
      for arguments in [
        ["export", model, "--format", format, "--output", exported],
        ["import", exported, "--model", try spec(), "--output", again],
      ] {
        let result = try Tool.run(arguments, in: folder)
        #expect(result.status == 0, "\(result.errors)")
      }
      #expect(try folder.bytes("again.safetensors") == folder.bytes("m.safetensors"), "\(format)")
    }
    // The file does not tell how large images are.
    let onnx = ["export", model, "--format", "onnx", "--output", folder.file("m.onnx")]
    #expect(try Tool.run(onnx, in: folder).errors.contains("input size"))
    let sized = try Tool.run(onnx + ["--resolution", "64", "--precision", "f16"], in: folder)
    #expect(sized.status == 0, "\(sized.errors)")
    #expect(try folder.bytes("m.onnx").count < folder.bytes("m.safetensors").count)
  }

  @Test func wrongUsageIsSixtyFourAndWrongInputIsOne() throws {
    let model = folder.file("m.safetensors")
    let yaml = try folder.write("r.yaml", Array("data: {train: x}\nstudnet: {}\n".utf8))
    let junk = try folder.write("junk.npz", Array("PK junk".utf8))
    try Npy.write(.zeros([2, 8]), to: folder.file("flat.npy"))
    let cases: [([String], Int32, String)] = [
      (["--help"], 0, "distill"), (["--version"], 0, "0.2"),
      (["distill", "--help"], 0, "--resume"),
      (["distil"], 64, "distil"), (["distill"], 64, "recipe"), (["bench"], 0, "step"),
      (["predict", model, "--input", "x.npy"], 64, "--output"),
      (["distill", "/nowhere.yaml"], 1, "/nowhere.yaml"), (["distill", yaml], 1, "student"),
      (["import", junk, "--model", "bit-r50x1", "--output", model], 1, junk),
      (["import", junk, "--model", "resnet49", "--output", model], 1, "resnet50"),
      (["import", junk, "--model", "bit: {dpeth: 50}", "--output", model], 1, "depth"),
      (["predict", folder.file("none.safetensors"), "a.png"], 1, "none.safetensors"),
      (["evaluate", folder.file("none.safetensors"), "--data", "fashion-mnist:test"], 1, "none"),
      (["distill", yaml, "--threads", "0"], 64, "--threads"),
      (
        ["export", model, "--format", "onnx", "--precision", "bf16", "--output", model], 64, "bf16"
      ),
      (
        ["export", model, "--format", "npz", "--resolution", "64", "--output", model], 64,
        "--resolution"
      ),
    ]
    let results = try Tool.runAll(cases.map(\.0), in: folder)
    for ((arguments, status, word), result) in zip(cases, results) {
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect((result.errors + result.output).contains(word), "\(arguments): \(result.errors)")
      if status == 1 {
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("funmatch: "))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: model))
  }

  /// Arguments may hold what moves a terminal's cursor or turns its colours.
  @Test(
    arguments: Soak.first(of: [
      "\u{1B}[31mred\u{9B}31m a\nfunmatch: b\rc\u{7F}", "\u{1B}[31mred", "\u{9B}31mred",
      "a\nfunmatch: b\rc\u{7F}",
    ]))
  func argumentsAreShownAsTheyCanBe(_ word: String) throws {
    let yaml = try folder.write("r.yaml", Array("data: {train: x}\n".utf8))
    let cases: [([String], Int32)] = [
      ([word], 64), (["--\(word)"], 64), (["predict", "--\(word)"], 64),
      (["predict", "m", "a.png", "--top", word], 64), (["predict", "m", "--top=\(word)"], 64),
      (["evaluate", "m", "--data", "d", "--engine", word], 64), (["recipe", word], 64),
      (["distill", yaml, "--dry-run", "1", word, word], 64), (["data", word], 64),
      (["preprocess", "a.png", "--evaluation", "4,4", "--output", word], 64),
      (["distill", yaml, "--set", "\(word)=1"], 1), (["distill", yaml, "--set", word], 1),
      (["distill", yaml, "--set", "batchSize=\(word)"], 1), (["distill", word], 1),
    ]
    let results = try Tool.runAll(cases.map(\.0), in: folder)
    for ((arguments, status), result) in zip(cases, results) {
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty)
      let text = result.errors.filter { $0 != "\n" }
      #expect(text.printable == text, "\(arguments): \(result.errors)")
      #expect(!result.errors.contains("\nfunmatch: b"), "\(arguments): \(result.errors)")
    }
    // What is asked for is not touched.
    let help = try Tool.run("predict", "--help", in: folder)
    #expect(try Tool.run("predict", word, "--help", in: folder).output == help.output)
    #expect(help.status == 0 && help.output.split(separator: "\n").count > 20)
  }

  @Test func missingDevicesAreNamed() throws {
    let result = try Tool.run(
      "predict", folder.file("m"), "a.png", "--device", "cuda:77", in: folder)
    #expect(result.status == 1)
    #expect(result.errors.contains("cuda:77"))
  }

  @Test func doctorFindsWhatTheTestsNeed() throws {
    let result = try Tool.run("doctor", in: folder)
    #expect(result.status == 0)
    #expect(result.output.contains("train 60,000, test 10,000"))
    #expect(result.output.contains(Torch.version))
  }

  /// The same classes in another order are found by their names; others at some places are not.
  @Test func labelsMeanWhatTheirNamesSay() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.125, classes: 10, stem: .small(stride: 2), groups: 4))
    let images = try DatasetRegistry().open(DatasetReference("fashion-mnist:test[:300]"))
    var names = images.classNames
    names.swapAt(3, 7)
    let model = try spec.build(seed: 1)
    // It says of all images that they show the class that it has in place 3.
    try #require(model.store["head.fc.bias"]).value.copy(
      from: Tensor((0..<10).map { $0 == 3 ? Float(1) : 0 }))
    func evaluate(_ names: [String]) throws -> Tool.Result {
      try ModelFile(
        model: model, spec: spec, classNames: names,
        preprocessing: EvaluationPreprocessing(resize: 28, crop: 28)
      ).write(to: folder.file("swapped.safetensors"))
      return try Tool.run(
        "evaluate", folder.file("swapped.safetensors"), "--data", "fashion-mnist:test[:300]",
        in: folder)
    }
    let swapped = try evaluate(names)
    #expect(swapped.status == 0 && swapped.errors.contains("told by their names"), "\(swapped)")
    for (label, result) in [(7, swapped), (3, try evaluate(images.classNames))] {
      let share = Double((0..<300).count { images.label(at: $0) == label }) / 300
      #expect(result.output.contains(NumberText.fixed(share, 4)), "\(share) \(result.output)")
    }
    names[0] = "Hat"
    let other = try evaluate(names)
    #expect(other.status == 1)
    #expect(
      other.errors.contains("fashion-mnist:test[:300]: 1 of its 10 classes is none of those of")
        && other.errors.contains("'\(images.classNames[0])'") && other.errors.contains("'Hat'"),
      "\(other.errors)")
  }

  @Test func evaluationAndPredictionTellWhatProgramsNeed() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.125, classes: 10, stem: .small(stride: 2), groups: 4))
    for (name, seed) in [("a", UInt64(1)), ("b", 2)] {
      let model = try spec.build(seed: seed)
      let head = try #require(model.store["head.fc.weight"])
      Torch.withSeed(seed) { head.value.copy(from: Tensor.randn(head.value.shape)) }
      try ModelFile(
        model: model, spec: spec, classNames: (0..<10).map { "class \($0)" },
        preprocessing: EvaluationPreprocessing(resize: 28, crop: 28)
      ).write(to: folder.file("\(name).safetensors"))
    }
    func json(_ arguments: [String]) throws -> [String: Any] {
      let result = try Tool.run(arguments, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      // Nothing else is there.
      return try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }
    let evaluated = try json([
      "evaluate", folder.file("a.safetensors"), "--data", "fashion-mnist:test[:200]", "--teacher",
      folder.file("b.safetensors"), "--json",
    ])
    #expect(evaluated["images"] as? Int == 200)
    let agreement = try #require(evaluated["agreement"] as? Double)
    #expect((0...1).contains(agreement))
    for network in ["student", "teacher"] {
      let figures = try #require(evaluated[network] as? [String: Any])
      #expect(try #require(figures["parameters"] as? Int) > 0)
      #expect(try #require(figures["macs"] as? Int) > 0)
      #expect((0...1).contains(try #require(figures["top1"] as? Double)))
    }

    let pixels = (0..<40 * 30 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let image = PixelImage(height: 40, width: 30, pixels: pixels)
    let path = try folder.write("image.png", try image.pngData())
    let predicted = try json([
      "predict", folder.file("a.safetensors"), path, "--top", "3", "--json", "--device", "cpu",
    ])
    let predictions = try #require(predicted["predictions"] as? [[String: Any]])
    let top = try #require(predictions.first?["top"] as? [[String: Any]])
    #expect(predictions.count == 1 && top.count == 3)
    let best = try #require(top[0]["index"] as? Int)

    // The same pixels as a batch give the same answer.
    let prepared = try EvaluationPreprocessing(resize: 28, crop: 28).apply(to: image)
    let batch = Tensor(prepared.pixels, shape: [1, 28, 28, 3])
    try Npy.write(batch, to: folder.file("batch.npy"))
    let logits = try Tool.run(
      "predict", folder.file("a.safetensors"), "--input", folder.file("batch.npy"), "--output",
      folder.file("logits.npy"), in: folder)
    #expect(logits.status == 0, "\(logits.errors)")
    #expect(try Npy.read(folder.file("logits.npy")).argmax().item == Double(best))
  }

  @Test func aFigureIsDrawnOfCommittedNumbers() throws {
    let numbers = RecipeFilesTests.package + "/Studies/results/patience/results.json"
    let unsaid = try Tool.run("report", numbers, in: folder)
    #expect(unsaid.status == 64)
    #expect(
      unsaid.errors.contains("--output is needed for more than one run, and for results.json"))
    let result = try Tool.run("report", numbers, "--output", folder.file("figure"), in: folder)
    let data = String(decoding: try folder.bytes("figure/gap.dat"), as: UTF8.self)
    #expect(data.hasPrefix("# epochs gap error seeds\n# funmatch\n"))
    // Without gnuplot it says so, and data and script are there.
    let drawing = folder.file("figure/gap.svg")
    #expect((result.status == 0) == FileManager.default.fileExists(atPath: drawing))
    if result.status == 0 { #expect(result.output == "figure: \(drawing)\n") }
    if result.status != 0 { #expect(result.errors.contains("gnuplot is not here")) }
  }

  @Test func aStepIsMeasuredInItsParts() throws {
    let small = "bit: {depth: [1], width: 0.5}"
    let result = try Tool.run(
      "bench", "step", "--teacher", small, "--student", small, "--resolution", "32",
      "--batch-size", "2", "--steps", "2", "--classes", "5", "--json", in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let line = try #require(result.output.split(separator: "\n").last)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    for key in ["imagesPerSecond", "teacherSeconds", "studentSeconds", "optimizerSeconds"] {
      #expect(try #require(object[key] as? Double) > 0)
    }
  }
}
