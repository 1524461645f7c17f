import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// Runs on real JPEG files without labels, under every view policy.
@Suite(.serialized) struct PhotoRunTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("photos/inner"), withIntermediateDirectories: true)
    for number in 0..<20 {
      let image = photograph(height: 60 + 3 * number, width: 110 - 2 * number, seed: number)
      // Suffixes mean nothing: one of these is a PNG.
      let bytes = try number == 7 ? image.pngData() : image.jpegData(halvesChroma: number % 2 == 0)
      _ = try folder.write("photos/\(number < 4 ? "inner/" : "")\(number).jpg", bytes)
    }
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.25, classes: 7, stem: .small(stride: 2), groups: 8))
    let teacher = try spec.build(seed: 4)
    let head = try #require(teacher.store["head.fc.weight"])
    Torch.withSeed(5) { head.value.copy(from: Tensor.randn(head.value.shape) * 0.3) }
    try ModelFile(
      model: teacher, spec: spec, preprocessing: EvaluationPreprocessing(resize: 24, crop: 24)
    ).write(to: folder.file("teacher.safetensors"), as: .bf16)
    let recipe = """
      data: {train: "photos:\(folder.file("photos"))"}
      teachers: [{weights: "teacher.safetensors", resolution: 24}]
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 16}
      optimizer: {adam: {learningRate: 0.003}}
      schedule: {steps: 6, warmupSteps: 2}
      batchSize: 8
      checkpoints: {every: 2}
      precision: bf16
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  private func arguments(_ output: String, _ more: [String]) -> [String] {
    [
      "distill", folder.file("r.yaml"), "--output", folder.file(output), "--device", "cpu",
      "--threads", "1",
    ] + more
  }

  private func distil(_ output: String, _ more: [String]) throws -> Tool.Result {
    try Tool.run(arguments(output, more), in: folder)
  }

  /// The finished student's bytes, after checking that the run went well.
  private func student(_ output: String, _ more: String...) throws -> [UInt8] {
    let result = try distil(output, more)
    #expect(result.status == 0, "\(result.errors)")
    return try folder.bytes("\(output)/student.safetensors")
  }

  @Test func thePoliciesRunAndDiffer() throws {
    let policies = ViewPolicy.paper.map(\.name)
    let calls = policies.enumerated().map { number, policy in
      let few = policy == "fix/ic_ens" ? ["--set", "views.ensemble=3"] : []
      return arguments("run-\(number)", ["--set", "views.policy=\(policy)"] + few)
    }
    for (policy, result) in zip(policies, try Tool.runAll(calls, in: folder)) {
      #expect(result.status == 0, "\(policy): \(result.errors)")
    }
    let students = try calls.indices.map { try folder.bytes("run-\($0)/student.safetensors") }
    #expect(Set(students).count == ViewPolicy.paper.count)
  }

  @Test func neitherWorkersNorCachesShow() throws {
    let alone = try student("one", "--workers", "1")
    #expect(try student("five", "--workers", "5") == alone)
    for cache in ["bytes", "pixels"] {
      let result = try distil(cache, ["--set", "cache=\(cache)"])
      #expect(result.status == 0)
      #expect(result.errors.contains(/keeping 20 training images in memory: [0-9.,]+ (bytes|MB)/))
      #expect(try folder.bytes("\(cache)/student.safetensors") == alone)
    }
  }

  /// `ResumeTests` goes on with teachers that see each batch.
  @Test(arguments: Soak.first(of: ["fix/cc", "ind/ic"]))
  func aRunGoesOnWithTheSameViews(_ policy: String) throws {
    let views = ["--set", "views.policy=\(policy)", "--set", "schedule.steps=16"]
    let whole = try distil("whole", views + ["--workers", "5"])
    #expect(whole.status == 0, "\(whole.errors)")
    let name = try Kill.retry { name in
      let process = try Tool.start(arguments(name, views), in: folder)
      return Kill.landed(on: process) {
        (try? folder.bytes("\(name)/metrics.jsonl").count) ?? 0 >= 1500
      }
    }
    let resumed = try distil(name, views + ["--workers", "1", "--resume"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(
      try folder.bytes("\(name)/student.safetensors") == folder.bytes("whole/student.safetensors"))
  }

  @Test func whatAFixedTeacherSaidIsKept() throws {
    let views = ["--set", "views.policy=fix/ic_ens", "--set", "views.ensemble=4"]
    let first = try distil("first", views)
    #expect(first.errors.contains("a teacher computes its logits of 4 views of each of 20 images"))
    let second = try distil("second", views + ["--workers", "3"])
    #expect(second.errors.contains("are known from before"))
    #expect(
      try folder.bytes("first/student.safetensors") == folder.bytes("second/student.safetensors"))
    // What the student sees of it does not matter; what the teacher sees does, and so do the pictures.
    let mixed = try distil("mixed", views + ["--set", "views.mixup=1"])
    #expect(mixed.errors.contains("are known from before"))
    let third = try distil("third", views + ["--set", "seed=1"])
    #expect(third.errors.contains("a teacher computes its logits"))
    let picture = try folder.bytes("photos/5.jpg")
    _ = try folder.write("photos/5.jpg", folder.bytes("photos/6.jpg"))
    let other = try distil("other", views)
    #expect(other.errors.contains("a teacher computes its logits"))
    _ = try folder.write("photos/5.jpg", picture)
    // What is kept and damaged is not used.
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.file("kept/targets"))
    #expect(kept.count == 6)
    for name in kept where name.hasSuffix(".f32") {
      let bytes = try folder.bytes("kept/targets/\(name)")
      _ = try folder.write("kept/targets/\(name)", bytes.dropLast(1) + [bytes[bytes.count - 1] ^ 1])
    }
    let fourth = try distil("fourth", views)
    #expect(fourth.status == 1 && fourth.errors.contains("SHA-256"))
  }

  @Test func brokenImagesAreNamedOrSkipped() throws {
    let bytes = try folder.bytes("photos/9.jpg")
    _ = try folder.write("photos/9.jpg", Array(bytes.prefix(bytes.count / 3)))
    _ = try folder.write("photos/12.jpg", Array("<html>".utf8))
    let strict = try distil("strict", [])
    #expect(strict.status == 1)
    #expect(strict.errors.contains(#/funmatch: .*photos/(9|12).jpg: cannot decode the image: /#))
    let lenient = try distil("lenient", ["--set", "onBrokenImage=skip", "--workers", "1"])
    #expect(lenient.status == 0)
    #expect(lenient.errors.contains(#/skipped: .*photos/12.jpg: cannot decode the image: /#))
    #expect(lenient.errors.contains("broken images were skipped in all"))
    // Those of other images are told, too.
    let tested = try distil(
      "tested",
      [
        "--set", "onBrokenImage=skip", "--set", "schedule.steps=1", "--set", "batchSize=1", "--set",
        "data.test=\"photos:\(folder.file("photos"))\"",
      ])
    #expect(tested.status == 0 && tested.errors.contains("2 broken images were skipped in all"))
    #expect(
      try student("pixels", "--set", "onBrokenImage=skip", "--set", "cache=pixels")
        == folder.bytes("lenient/student.safetensors"))
  }

  @Test func sheetsShowWhatIsSeen() throws {
    let output = folder.file("sheets")
    for (policy, columns) in [("funmatch", 5), ("ind/rc", 3), ("fix/ic_ens", 3)] {
      let result = try Tool.run(
        "views", folder.file("r.yaml"), "--set", "views.policy=\(policy)", "--epoch", "2",
        "--count", "5", "--output", output, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      let sheet = try ImageDecoder().decode(file: output + "/epoch-2-1.png")
      #expect(sheet.width == 10 + columns * 242)
      #expect(Set(sheet.pixels).count > 100)
    }
    let many = try Tool.run(
      "views", folder.file("r.yaml"), "--count", "1000", "--output", output, in: folder)
    // All twenty, eight a page.
    #expect(many.status == 0 && many.output.split(separator: "\n").count == 3)
  }
}
