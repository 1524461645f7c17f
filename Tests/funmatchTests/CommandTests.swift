import Foundation
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
    // There and back: the exported files are those that a second export writes.
    for format in ["npz", "safetensors"] {
      let first = folder.file("first.\(format)")
      #expect(
        try Tool.run("export", model, "--format", format, "--output", first, in: folder).status == 0
      )
      let second = folder.file("second.safetensors")
      #expect(
        try Tool.run(
          "import", first, "--model", spec() + "", "--output", second, in: folder
        ).status == 0)
    }
  }

  @Test func wrongUsageIsSixtyFourAndWrongInputIsOne() throws {
    let model = folder.file("m.safetensors")
    let yaml = try folder.write("r.yaml", Array("data: {train: x}\nstudnet: {}\n".utf8))
    let junk = try folder.write("junk.npz", Array("PK junk".utf8))
    try Npy.write(.zeros([2, 8]), to: folder.file("flat.npy"))
    for (arguments, status, word) in [
      (["distil"], 64, "distil"), (["distill"], 64, "recipe"), (["bench"], 0, "step"),
      (["predict", model, "--input", "x.npy"], 64, "--output"),
      (["distill", "/nowhere.yaml"], 1, "/nowhere.yaml"), (["distill", yaml], 1, "student"),
      (["import", junk, "--model", "bit-r50x1", "--output", model], 1, junk),
      (["import", junk, "--model", "resnet50", "--output", model], 1, "resnet50"),
      (["import", junk, "--model", "bit: {dpeth: 50}", "--output", model], 1, "depth"),
      (["predict", folder.file("none.safetensors"), "a.png"], 1, "none.safetensors"),
      (["evaluate", folder.file("none.safetensors"), "--data", "fashion-mnist:test"], 1, "none"),
      (["distill", yaml, "--threads", "0"], 64, "--threads"),
    ] as [([String], Int32, String)] {
      let result = try Tool.run(arguments, in: folder)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect((result.errors + result.output).contains(word), "\(arguments): \(result.errors)")
      if status == 1 {
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("funmatch: "))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: model))
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
    #expect(result.output.contains("train 60,000, test 10,000, checksums right"))
    #expect(result.output.contains(Torch.version))
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
