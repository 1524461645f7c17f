import Foundation
import FunMatchFrozen
import FunMatchTestSupport
import Testing

/// What a teacher in int8 costs in accuracy, on real images.
@Suite(
  .enabled(
    if: OpenVINO.atHand != nil && Processor.hasByteProducts
      && Soak.isOn,
    "make soak trains with teachers in int8, where OpenVINO and byte products are"))
struct Int8TeacherTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL.path

  private struct Comparison: Decodable {
    struct Accuracy: Decodable { let top1: Double }
    let student: Accuracy
  }

  /// The demo's student ends as good as one that float taught.
  @Test func theStudentEndsWithinThreeTenthsOfAPoint() throws {
    let folder = try TemporaryFolder()
    var means: [String: Double] = [:]
    for precision in ["int8", "f32"] {
      for seed in 0..<3 {
        let name = "\(precision)-\(seed)"
        let trained = try Tool.run(
          [
            "distill", "\(Self.root)/Recipes/fashion-mnist.yaml", "--output", folder.file(name),
            "--quiet", "--set", "seed=\(seed)", "--set",
            "precision={teacher: \(precision), student: f32}",
          ], in: folder)
        try #require(trained.status == 0, "\(trained.errors)")
        let evaluated = try Tool.run(
          "evaluate", folder.file("\(name)/student.safetensors"), "--data", "fashion-mnist:test",
          "--json", in: folder)
        let line = evaluated.output.split(separator: "\n").last ?? ""
        let found = try JSONDecoder().decode(Comparison.self, from: Data(line.utf8))
        print("\(name): top-1 \(found.student.top1)")
        means[precision, default: 0] += found.student.top1 / 3
      }
    }
    let (int8, float) = (try #require(means["int8"]), try #require(means["f32"]))
    #expect(abs(int8 - float) <= 0.003, "\(int8), not \(float)")
  }

  /// EfficientNet-Lite1 with its ImageNet weights, on photographs that `Scripts/demo-photos.sh data` cut: 512 views a seed.
  @Test(arguments: [0, 1]) func aDepthwiseTeacherStaysNearToFloat(seed: Int) throws {
    let folder = try TemporaryFolder()
    let data = "\(Self.root)/.deps/demo-photos"
    try #require(FileManager.default.fileExists(atPath: "\(data)/efficientnet-lite1.safetensors"))
    let result = try Tool.run(
      [
        "distill", "\(Self.root)/Recipes/photos.yaml", "--output", folder.file("r"),
        "--set", "data={train: \"photos:\(data)/train\"}", "--set", "schedule.steps=1",
        "--set", "schedule.warmupSteps=1", "--set", "evaluation.trainingImages=0",
        "--set", "seed=\(seed)",
        "--set", "precision={teacher: int8, student: f32}",
        "--set", "teachers.0.int8={allow: true, agreement: 0.95, kl: 0.02}",
      ], in: folder)
    try #require(result.status == 0, "\(result.errors)")
    let words = try #require(
      result.errors.firstMatch(
        of:
          /agrees with float on ([0-9.]+) where float's margin is above 0.1 .*?, KL ([-0-9.e]+) nats/
      ),
      "\(result.errors)")
    print("EfficientNet-Lite1: \(words.0)")
    #expect(try #require(Double(words.1)) >= 0.95)
    #expect(try #require(Double(words.2)) <= 0.02)
  }
}
