import Foundation
import FunMatchRuns
import Testing

struct VersionTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(Self.package)/\(file)", encoding: .utf8)
  }

  @Test func theVersionIsThatOfTheFile() throws {
    let version = try text("VERSION").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(RunEnvironment.version == version)
    #expect(try text("CHANGELOG.md").contains("[\(version)]"))
  }

  /// From the subcommand to the distance: what a newcomer reads to know the program.
  @Test func theWayToTheDistanceHasFiveHundredLines() throws {
    let page = try text("docs/architecture.md")
    let way = [
      "Sources/Commands/Distill.swift", "Sources/Runs/Run.swift",
      "Sources/Distillation/Training/Trainer.swift",
      "Sources/Distillation/Training/DistillationStep.swift",
      "Sources/Distillation/Batches/Batch.swift", "Sources/Distillation/Batches/Mixup.swift",
      "Sources/Distillation/Teachers/LiveTeacherLogits.swift",
      "Sources/Distillation/Teachers/Teacher.swift",
    ]
    let lines = try way.map {
      try text($0).dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    }
    #expect(lines.reduce(0) { $0 + $1.count } <= 500, "\(lines.map(\.count))")
    for file in way { #expect(page.contains(file), "\(file) is not in docs/architecture.md") }
    // Each of the first calls the next, and the step calls the others and the distance.
    let calls = [
      "Run(", "trainer?.run(", "step(views", "distance(student:", "Mixup.mix(", "func lambda(step:",
      "teacher(images)", "network(images, mode)",
    ]
    for (text, call) in zip(lines, calls) {
      #expect(text.contains { $0.contains(call) }, "\(call)")
    }
  }
}
