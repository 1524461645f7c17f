import Foundation
import FunMatchTestSupport
import Testing

/// A run goes on under another schedule where that would have made the same steps.
@Suite(.serialized) struct LongerRunTests {
  private let run: FashionRun

  init() throws { run = try FashionRun(steps: 20) }

  private func distil(_ name: String, _ steps: Int, _ more: String...) throws -> Tool.Result {
    let settings = [
      "--quiet", "--set", "schedule.decay=constant", "--set", "schedule.steps=\(steps)", "--set",
      "checkpoints.best=false",
    ]
    return try Tool.run(run.arguments(name, settings + more), in: run.folder)
  }

  private func student(_ name: String) throws -> [UInt8] {
    Array(try run.folder.bytes("\(name)/student.safetensors"))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try run.folder.bytes(path), as: UTF8.self)
  }

  /// The first ends with a step that is not evaluated otherwise, the second with one that is.
  @Test(arguments: Soak.first(of: [22, 20])) func aConstantOneGoesOn(steps: Int) throws {
    let constant = [
      "--quiet", "--set", "schedule={decay: constant, steps: 36, warmupSteps: 3}", "--set",
      "checkpoints.best=false",
    ]
    let cooled = ["--set", "schedule.cooldownSteps=8"]
    try run.distilAll([
      ("whole", constant), ("cooled", constant + cooled),
      ("longer", constant + ["--set", "schedule.steps=\(steps)"]),
    ])
    try FileManager.default.copyItem(
      atPath: run.folder.file("longer"), toPath: run.folder.file("later"))
    try run.distilAll([
      ("longer", constant + ["--resume"]), ("later", constant + cooled + ["--resume"]),
    ])
    #expect(try student("longer") == student("whole"))
    #expect(try run.metrics("longer") == run.metrics("whole"))
    #expect(try text("longer/recipe.yaml") == text("whole/recipe.yaml"))
    #expect(
      try text("longer/log.txt").contains(
        "goes on with another recipe than before: schedule.steps: \(steps) there, 36 now"))
    #expect(try text("longer/result.json").contains("36"))

    #expect(try student("later") == student("cooled"))
    #expect(try run.metrics("later") == run.metrics("cooled"))
    #expect(try student("later") != student("longer"))
  }

  /// Whatever the moment, the longer one ends as if it had been as long from the start.
  @Test func killedAndMadeLonger() throws {
    let settings = [
      "--quiet", "--set", "schedule.decay=constant", "--set", "checkpoints.best=false", "--resume",
      "--set",
    ]
    let whole = try distil("whole", 30)
    try #require(whole.status == 0, "\(whole.errors)")
    let name = try run.killed(at: 6, settings + ["schedule.steps=16"])
    _ = try Kill.landed(
      on: Tool.start(run.arguments(name, settings + ["schedule.steps=30"]), in: run.folder)
    ) {
      (try? run.metrics(name).count) ?? 0 >= 19
    }
    let end = try distil(name, 30, "--resume")
    #expect(end.status == 0, "\(end.errors)")
    #expect(try student(name) == student("whole"))
    #expect(try run.metrics(name) == run.metrics("whole"))
  }

  @Test func othersAreRefusedAndNothingChanges() throws {
    let first = try run.distil("cosine", "--quiet")
    try #require(first.status == 0, "\(first.errors)")
    try #require(try distil("constant", 20).status == 0)
    let before = try text("cosine/recipe.yaml")
    let longer = try run.distil("cosine", "--quiet", "--resume", "--set", "schedule.steps=40")
    #expect(
      longer.status == 1
        && longer.errors.contains("20 steps are not the first ones of a longer run")
        && longer.errors.contains("schedule.steps: 20 there, 40 now")
        && longer.errors.contains("decay: constant"), "\(longer.errors)")
    #expect(longer.errors.split(separator: "\n").count == 1)
    #expect(try text("cosine/recipe.yaml") == before)
    let again = try run.distil("cosine", "--quiet", "--resume")
    #expect(again.status == 0, "\(again.errors)")
    let changes = ["steps=16", "decay=linear", "warmupSteps=4", "cooldownSteps=4"]
    for change in Soak.first(2, of: changes) {
      let refused = try distil("constant", 20, "--resume", "--set", "schedule.\(change)")
      #expect(refused.status == 1 && refused.errors.contains("first ones"), "\(refused.errors)")
    }
    // What else differs is told as before.
    let other = try distil("constant", 40, "--resume", "--set", "batchSize=8")
    #expect(other.status == 1 && other.errors.contains("batchSize: 16 there, 8 now"))
    #expect(!other.errors.contains("schedule.steps"))
    // Epochs of 200 images are 12.5 steps: 1.6 are 20, and 2 are 25, with a warm-up that is as long as before.
    let epochs = try Tool.run(
      run.arguments(
        "constant",
        ["--quiet", "--resume", "--set", "checkpoints.best=false", "--set"]
          + ["schedule={decay: constant, epochs: 2, warmupEpochs: 0.24}"]), in: run.folder)
    #expect(epochs.status == 0, "\(epochs.errors)")
    #expect(try run.metrics("constant").count == 25)
  }

  @Test func withoutACheckpointThereIsNothingToGoOnFrom() throws {
    try #require(try distil("bare", 20).status == 0)
    for file in try run.files("bare/checkpoints") {
      try FileManager.default.removeItem(atPath: run.folder.file("bare/checkpoints/\(file)"))
    }
    let refused = try distil("bare", 40, "--resume")
    #expect(
      refused.status == 1
        && refused.errors.contains("ended after step 20 and has no checkpoint left to go on from"),
      "\(refused.errors)")
    #expect(try distil("bare", 20, "--resume").status == 0)
  }
}
