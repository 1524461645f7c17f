import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// `funmatch evaluate` on folders of images, by the real binary.
struct EvaluateTests {
  private let folder: TemporaryFolder
  private let names = ["ant", "bee", "cat", "dog", "eel", "fly", "gnu"]

  /// Seven classes of three to six images, JPEG and PNG; two teachers and a student.
  init() throws {
    folder = try TemporaryFolder()
    for (label, name) in names.enumerated() {
      try FileManager.default.createDirectory(
        atPath: folder.file("set/\(name)"), withIntermediateDirectories: true)
      for number in 0..<3 + label % 4 {
        let image = photograph(height: 40 + number, width: 44 + label, seed: 10 * label + number)
        let bytes = try number == 1 ? image.pngData() : image.jpegData()
        _ = try folder.write("set/\(name)/\(number).\(number == 1 ? "png" : "jpg")", bytes)
      }
    }
    for (name, seed, side) in [("student", UInt64(1), 24), ("a", 2, 24), ("b", 3, 32)] {
      try network(classes: 7, seed: seed, side: side, names).write(
        to: folder.file("\(name).safetensors"))
    }
  }

  private func network(
    classes: Int, seed: UInt64, side: Int, _ names: [String]
  ) throws -> ModelFile {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.125, classes: classes, stem: .small(stride: 2), groups: 4))
    let model = try spec.build(seed: seed)
    let head = try #require(model.store["head.fc.weight"])
    Torch.withSeed(seed) { head.value.copy(from: Tensor.randn(head.value.shape)) }
    return ModelFile(
      model: model, spec: spec, classNames: names,
      preprocessing: EvaluationPreprocessing(resize: side, crop: side))
  }

  private func evaluate(_ data: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(
      [
        "evaluate", folder.file("student.safetensors"), "--data", data, "--device", "cpu",
        "--threads", "1", "--batch-size", "8",
      ] + more, in: folder)
  }

  private func json(_ result: Tool.Result) throws -> [String: Any] {
    #expect(result.status == 0, "\(result.errors)")
    // Nothing else is there.
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  @Test func theNumbersFitTogether() throws {
    let teachers = ["a", "b"].map { folder.file("\($0).safetensors") }
    let object = try json(
      evaluate(
        "folder:\(folder.file("set"))", "--teacher", teachers[0], "--teacher", teachers[1],
        "--json"))
    #expect(
      Set(object.keys) == [
        "images", "student", "teacher", "agreement", "agreementTop5", "kl", "euclidean",
        "perClass", "confusion", "calibration",
      ])
    let images = try #require(object["images"] as? Int)
    #expect(images == 3 + 4 + 5 + 6 + 3 + 4 + 5)
    var figures: [String: [String: Double]] = [:]
    for network in ["student", "teacher"] {
      let object = try #require(object[network] as? [String: Double])
      #expect(
        Set(object.keys) == [
          "parameters", "macs", "classes", "top1", "top5", "loss", "entropy", "calibrationError",
          "imagesPerSecond",
        ])
      #expect(try #require(object["top1"]) <= (try #require(object["top5"])))
      #expect((0...log(7)).contains(try #require(object["entropy"])))
      figures[network] = object
    }
    let (student, teacher) = (try #require(figures["student"]), try #require(figures["teacher"]))
    // Two of the student's kind, one of which looks at more pixels.
    #expect(teacher["parameters"] == 2 * (try #require(student["parameters"])))
    #expect(try #require(teacher["macs"]) > 2 * (try #require(student["macs"])))
    let agreement = try #require(object["agreement"] as? Double)
    #expect(agreement <= (try #require(object["agreementTop5"] as? Double)))
    #expect(try #require(object["kl"] as? Double) > 0)

    let top1 = try #require(student["top1"])
    let confusion = try #require(object["confusion"] as? [[Int]])
    let perClass = try #require(object["perClass"] as? [[String: Any]])
    #expect(confusion.count == 7 && confusion.allSatisfy { $0.count == 7 })
    #expect(confusion.joined().reduce(0, +) == images)
    let diagonal = confusion.indices.map { confusion[$0][$0] }
    #expect(abs(Double(diagonal.reduce(0, +)) / Double(images) - top1) < 1e-12)
    #expect(perClass.compactMap { $0["name"] as? String } == names)
    #expect(perClass.compactMap { $0["images"] as? Int } == confusion.map { $0.reduce(0, +) })
    let shares = perClass.compactMap { $0["top1"] as? Double }
    #expect(
      zip(shares, confusion.indices).allSatisfy {
        abs($0 * Double(confusion[$1].reduce(0, +)) - Double(diagonal[$1])) < 1e-9
      } && shares.count == 7)

    let bins = try #require(object["calibration"] as? [[String: Double]])
    var (error, right) = (0.0, 0.0)
    for (number, bin) in bins.enumerated() {
      let count = try #require(bin["images"])
      guard count > 0 else { continue }
      let (confidence, accuracy) = (try #require(bin["confidence"]), try #require(bin["accuracy"]))
      #expect((Double(number) / 15...Double(number + 1) / 15).contains(confidence))
      error += count * abs(accuracy - confidence) / Double(images)
      right += count * accuracy
    }
    #expect(bins.count == 15 && abs(right / Double(images) - top1) < 1e-12)
    #expect(abs(error - (try #require(student["calibrationError"]))) < 1e-12)
  }

  @Test func peopleReadTheWorstClasses() throws {
    let set = "folder:\(folder.file("set"))"
    let result = try evaluate(set, "--teacher", folder.file("a.safetensors"))
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { $0.count <= 100 })
    #expect(
      lines[0].split(separator: " ")
        == ["parameters", "MACs/image", "top-1", "top-5", "agreement", "images/s"])
    #expect(lines[1].hasPrefix("teacher") && lines[2].hasPrefix("student"))
    #expect(lines[3] == "(30 images)")
    for word in ["cross entropy", "calibration error", "entropy", "KL", "Euclidean distance"] {
      #expect(lines[4...].contains { $0.contains(word) }, "\(word)")
    }
    let heading = try #require(lines.firstIndex(of: "worst classes:"))
    let worst = lines[(heading + 1)...].compactMap { line in
      line.firstMatch(of: /^  (\d\.\d{4})  (\w+) \((\d) images\)$/).map { $0.output }
    }
    #expect(worst.count == 5 && lines.count == heading + 6)
    let shares = worst.compactMap { Double($0.1) }
    #expect(shares == shares.sorted())
    let table = try json(evaluate(set, "--json"))
    for (_, share, name, images) in worst {
      let result = try #require(
        (table["perClass"] as? [[String: Any]])?.first { $0["name"] as? String == String(name) })
      #expect(result["images"] as? Int == Int(images))
      #expect(
        abs(try #require(result["top1"] as? Double) - (try #require(Double(share)))) <= 5e-5)
    }
  }

  @Test func withoutLabelsThereAreNoneToCompareWith() throws {
    let photos = "photos:\(folder.file("set"))"
    let object = try json(evaluate(photos, "--teacher", folder.file("b.safetensors"), "--json"))
    #expect(
      Set(object.keys) == [
        "images", "student", "teacher", "agreement", "agreementTop5", "kl", "euclidean",
      ])
    let student = try #require(object["student"] as? [String: Any])
    #expect(
      Set(student.keys) == ["parameters", "macs", "classes", "entropy", "imagesPerSecond"])
    let text = try evaluate(photos)
    #expect(text.status == 0 && !text.output.contains("worst") && !text.output.contains("loss"))
    #expect(text.output.contains("entropy"))
  }

  @Test func teachersOfOtherClassesAreNamed() throws {
    let path = folder.file("other.safetensors")
    try network(classes: 9, seed: 4, side: 24, []).write(to: path)
    let result = try evaluate(
      "folder:\(folder.file("set"))", "--teacher", folder.file("a.safetensors"), "--teacher", path)
    #expect(result.status == 1)
    #expect(result.errors.contains("has 7 classes, \(path) 9: they cannot be compared"))
  }
}
