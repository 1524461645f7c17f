import Foundation
import FunMatchTestSupport
import Testing

#if os(Linux)
  /// What a dry run expects to take, against what it took.
  @Suite(.serialized) struct MemoryEstimateTests {
    /// A teacher and a student, what they look at and compute in.
    struct Pair: Sendable, CustomTestStringConvertible {
      let teacher, student: String
      let resolution: Int
      let precision, engine: String
      var testDescription: String { "\(teacher) and \(student)" }
    }

    private static let pairs: [Pair] = {
      Soak.first(of: [
        Pair(
          teacher: "resnet50", student: "resnet18", resolution: 96, precision: "f32",
          engine: "libtorch"),
        Pair(
          teacher: "bit-r50x1", student: "mobilenet-v3-small", resolution: 128, precision: "f32",
          engine: "auto"),
        Pair(
          teacher: "vit-b16", student: "efficientnet-lite0", resolution: 224, precision: "f32",
          engine: "auto"),
        Pair(
          teacher: "mobilenet-v3-large", student: "bit-r50x1", resolution: 96, precision: "bf16",
          engine: "libtorch"),
        Pair(
          teacher: "efficientnet-lite4", student: "vit-s16", resolution: 224, precision: "f32",
          engine: "libtorch"),
      ])
    }()

    @Test(arguments: pairs, Soak.first(2, of: [8, 32, 96])) func isNearThePeak(
      pair: Pair, batch: Int
    ) throws {
      let run = try SmallRun(
        "teachers: [{weights: none.npz, model: \(pair.teacher), resolution: \(pair.resolution)}]")
      let edits = [
        "student={model: \(pair.student), resolution: \(pair.resolution)}", "batchSize=\(batch)",
        "precision=\(pair.precision)", "engine=\(pair.engine)",
      ]
      let result = try Tool.run(
        ["distill"]
          + run.arguments("out", ["--dry-run", "3", "--threads", "1", "--workers", "1"])
          .dropFirst() + edits.flatMap { ["--set", $0] }, under: ":", in: run.folder)
      try #require(result.status == 0, "\(result.errors)")
      func megabytes(_ pattern: Regex<(Substring, Substring)>) throws -> Double {
        let match = try #require(result.output.firstMatch(of: pattern), "\(result.output)")
        return try #require(Double(String(match.1.filter { $0 != "," })))
      }
      let expected = try megabytes(/memory +about ([0-9,]+) MB for a step/)
      let peak = try megabytes(/memory +([0-9,]+) MB at most so far/)
      #expect((0.7...1.3).contains(expected / peak), "\(expected) MB expected, \(peak) MB taken")
    }

    /// Hundreds of students are told of without a weight: there would be no room for all of theirs.
    @Test func aStudyIsToldOfWithoutWeights() throws {
      let run = try SmallRun()
      let widths = (1...20).map { "\(Double($0) * 5 / 8)" }.joined(separator: ", ")
      let study = """
        recipe: r.yaml
        grid: {student.model.bit.width: [\(widths)]}
        seeds: 10
        """
      _ = try run.folder.write("s.yaml", Array(study.utf8))
      let result = try Tool.run(
        ["study", "s.yaml", "--dry-run", "--data-dir", run.folder.path], under: "ulimit -v 3000000",
        in: run.folder)
      try #require(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("memory: about"), "\(result.output)")
    }
  }
#endif
