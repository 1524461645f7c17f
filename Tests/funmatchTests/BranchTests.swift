import Foundation
import FunMatchTestSupport
import Testing

/// A run goes on from another one's checkpoint and cools down, and the other one does not notice.
@Suite(.serialized) struct BranchTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 20, "average: 0.9") }

  private static let constant = [
    "--quiet", "--set", "schedule.decay=constant", "--set", "checkpoints.best=false", "--set",
    "checkpoints.at=[6, 10]",
  ]

  private func trunk(_ name: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(run.arguments(name, Self.constant + more), in: folder)
  }

  private func arguments(
    _ name: String, of trunk: String, _ more: [String] = [], command: String = "distill"
  ) -> [String] {
    [
      command, "--branch", folder.file(trunk), "--output", folder.file(name), "--device", "cpu",
      "--threads", "1", "--quiet",
    ] + more
  }

  private func branch(_ name: String, of trunk: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(arguments(name, of: trunk, more), in: folder)
  }

  private func student(_ name: String) throws -> [UInt8] {
    Array(try folder.bytes("\(name)/student.safetensors"))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try folder.bytes(path), as: UTF8.self)
  }

  /// All that a run left, so that it can be seen whether somebody wrote there.
  private func contents(_ name: String) throws -> [String: [UInt8]] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.file(name))
    return Dictionary(
      uniqueKeysWithValues: paths.compactMap { path in
        (try? folder.bytes("\(name)/\(path)")).map { (path, Array($0)) }
      })
  }

  private func isSame(_ branch: String, _ whole: String) throws {
    #expect(try student(branch) == student(whole))
    #expect(try run.metrics(branch) == run.metrics(whole))
    #expect(try text("\(branch)/recipe.yaml") == text("\(whole)/recipe.yaml"))
  }

  /// From the last step, which the trunk evaluated as its last, from one that is not evaluated, and from one that is.
  @Test(arguments: Soak.first(of: [("", 20), ("@6", 6), ("@10", 10)]))
  func aBranchIsARunThatCoolsDown(step: String, number: Int) throws {
    let settings = ["schedule.steps=\(number + 7)", "schedule.cooldownSteps=7"]
    try run.distilAll([
      ("trunk", Self.constant),
      ("whole", Self.constant + settings.flatMap { ["--set", $0] }),
    ])
    // Two of `at`, and the last two of every fourth.
    #expect(
      try run.files("trunk/checkpoints").filter { $0.hasSuffix(".json") }
        == [6, 10, 16, 20].map { String(format: "%09d.json", $0) })
    let before = try contents("trunk")
    let cooled = try branch(
      "cooled", of: "trunk\(step)", "--set", "schedule.cooldownSteps=7")
    #expect(cooled.status == 0, "\(cooled.errors)")
    #expect(try contents("trunk") == before)
    try isSame("cooled", "whole")
    let doctor = try Tool.run("doctor", folder.file("cooled"), in: folder)
    #expect(doctor.status == 0, "\(doctor.output)")
    // It has ended, and says so.
    let again = try branch(
      "cooled", of: "trunk", "--set", "schedule.cooldownSteps=7", "--resume")
    #expect(again.status == 0 && again.output.contains("student"), "\(again.errors)")
  }

  /// The trunk goes on meanwhile, and removes each checkpoint as soon as there is another.
  @Test func theTrunkGoesOnMeanwhile() throws {
    let more = ["--set", "schedule.steps=100000", "--set", "checkpoints={every: 1, keep: 1}"]
    let process = try Tool.start(
      run.arguments("trunk", Array(Self.constant.prefix(3)) + more), in: folder, stream: "trunk")
    defer { if process.isRunning { process.terminate() } }
    while process.isRunning, (try? run.metrics("trunk").count) ?? 0 < 3 { usleep(2000) }
    var steps: [Int] = []
    for name in ["a", "b"] {
      let cooled = try branch(
        name, of: "trunk", "--set", "schedule.cooldownSteps=4", "--set", "checkpoints.at=[]")
      #expect(cooled.status == 0, "\(cooled.errors)")
      steps.append(try run.metrics(name).count - 4)
    }
    #expect(process.isRunning && Set(steps).count == 2)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let longer = steps[1] + 3
    let shorter = ["--set", "schedule.steps=\(longer)", "--set", "checkpoints={every: 1, keep: 1}"]
    try run.distilAll([
      (
        "whole",
        Self.constant + ["--set", "schedule.steps=\(steps[0] + 4)"]
          + ["--set", "schedule.cooldownSteps=4"]
      ),
      ("undisturbed", Array(Self.constant.prefix(3)) + shorter),
    ])
    #expect(try student("a") == student("whole"))
    #expect(try run.metrics("a") == run.metrics("whole"))
    // And it has the bits that it would have had.
    let known = try run.metrics("a").prefix(steps[0])
    #expect(Array(try run.metrics("trunk").prefix(steps[0])) == Array(known))
    let lines = min(longer - 1, try run.metrics("trunk").count)
    #expect(try run.metrics("trunk").prefix(lines) == run.metrics("undisturbed").prefix(lines))
  }

  @Test func killedAndResumed() throws {
    try #require(try trunk("trunk").status == 0)
    let settings = ["--set", "schedule.cooldownSteps=12"]
    let whole = try Tool.run(arguments("whole", of: "trunk@10", settings), in: folder)
    try #require(whole.status == 0, "\(whole.errors)")
    for wanted in Soak.first(2, of: [13, 0, 19]) {
      let name = "killed\(wanted)"
      // At once it may be anywhere in what it takes over; without anything that could be lost it begins anew.
      _ = try Kill.landed(
        on: Tool.start(arguments(name, of: "trunk@10", settings), in: folder),
        after: wanted == 0 ? 0 : 1000
      ) {
        wanted == 0
          ? FileManager.default.fileExists(atPath: folder.file("\(name)/recipe.yaml"))
          : (try? run.metrics(name).count) ?? 0 >= wanted
      }
      // The newest is another by now; a branch that has begun keeps its own.
      let resumed = try Tool.run(
        arguments(name, of: wanted == 0 ? "trunk@10" : "trunk", settings + ["--resume"]),
        in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      try isSame(name, "whole")
    }
    // Its trunk is needed to begin alone, and it is an ordinary run.
    try FileManager.default.moveItem(
      atPath: folder.file("trunk"), toPath: folder.file("elsewhere"))
    let alone = try Tool.run(
      arguments("killed13", of: "trunk", settings + ["--resume"]), in: folder)
    #expect(alone.status == 0, "\(alone.errors)")
    let ordinary = try Tool.run(
      run.arguments(
        "killed13",
        Self.constant + ["--resume", "--set", "schedule.steps=22"] + settings), in: folder)
    #expect(ordinary.status == 0, "\(ordinary.errors)")
    let begun = try Tool.run(arguments("killed13", of: "elsewhere", settings), in: folder)
    #expect(begun.status == 1 && begun.errors.contains("already holds a run"))
  }

  /// What the trunk recorded is read.
  @Test func aBankIsShared() throws {
    let bank = ["--set", "bank={precision: f32}"]
    let first = try Tool.run(run.arguments("trunk", Self.constant + bank), in: folder)
    try #require(first.status == 0, "\(first.errors)")
    let cooled = try branch("cooled", of: "trunk@10", "--set", "schedule.cooldownSteps=7")
    #expect(cooled.status == 0, "\(cooled.errors)")
    let log = try text("cooled/log.txt")
    #expect(log.contains("17 of 17 steps are known from before"), "\(log)")
    #expect(!log.contains("teachers computed logits"))
    let settings = ["--set", "schedule.steps=17", "--set", "schedule.cooldownSteps=7"]
    let whole = try Tool.run(
      run.arguments("whole", Self.constant + bank + settings), in: folder)
    try #require(whole.status == 0, "\(whole.errors)")
    try isSame("cooled", "whole")
  }

  @Test func aSupervisedRunBranchesLikewise() throws {
    let settings = Self.constant + ["--set", "schedule.steps=12"]
    // 6 steps and a cool-down of 0.4 · 10.
    let shorter = ["--set", "schedule.steps=10", "--set", "schedule.cooldownFraction=0.4"]
    try run.distilAll([("trunk", settings), ("whole", settings + shorter)], command: "train")
    let cooled = try Tool.run(
      arguments(
        "cooled", of: "trunk@6", ["--set", "schedule.cooldownFraction=0.4"], command: "train"),
      in: folder)
    #expect(cooled.status == 0, "\(cooled.errors)")
    try isSame("cooled", "whole")
    let other = try branch("other", of: "trunk@6", "--set", "schedule.cooldownSteps=4")
    #expect(other.status == 1 && other.errors.contains("expected funmatch train --branch"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("other")))
  }

  @Test func whatIsNoBranchIsRefused() throws {
    try run.distilAll([("trunk", Self.constant), ("cosine", ["--quiet"])])
    let cooldown = "schedule.cooldownSteps=4"
    let another = "the same experiment with another end"
    let changes = [
      "teachers.0.resolution=32", "distance.kl.temperature=2", "batchSize=8",
      "optimizer.adam.learningRate=0.1", "student.model.bit.width=0.5", "views.mixup=0.2",
    ]
    var refusals: [(of: String, edits: [String], words: String)] = [
      (
        "trunk@7", [cooldown],
        "no checkpoint of step 7 was kept; there are those of steps 6, 10, 16, 20"
      ),
      ("trunk", [cooldown, "seed=1"], "seed: 0 there, 1 now"),
      ("trunk", [], "nothing is left to train after step 20"),
      (
        "cosine", [cooldown], "not those of a longer run with this schedule"
      ),
      ("cosine", [cooldown], "decay: constant"),
      ("nowhere", [cooldown], "holds no run"),
    ]
    for change in Soak.first(2, of: changes) {
      refusals.append(("trunk", [cooldown, change], another))
    }
    let calls = refusals.enumerated().map { number, refusal in
      arguments("none\(number)", of: refusal.of, refusal.edits.flatMap { ["--set", $0] })
    }
    for (refusal, result) in zip(refusals, try Tool.runAll(calls, in: folder)) {
      #expect(result.status == 1 && result.errors.split(separator: "\n").count == 1)
      #expect(result.errors.contains(refusal.words), "\(refusal): \(result.errors)")
    }
    let ended = try Tool.run(
      arguments("none", of: "trunk@10", ["--set", "schedule.steps=10"]), in: folder)
    #expect(
      ended.status == 1
        && (ended.errors.contains("not those of a longer run")
          || ended.errors.contains("nothing is left to train")),
      "\(ended.errors)")
    #expect(try !folder.contents.contains { $0.hasPrefix("none") })
    let damaged = "trunk/checkpoints/000000010.safetensors"
    var bytes = Array(try folder.bytes(damaged))
    bytes[bytes.count / 2] ^= 1
    _ = try folder.write(damaged, bytes)
    let spoilt = try branch("spoilt", of: "trunk@10", "--set", cooldown)
    #expect(spoilt.status == 1 && spoilt.errors.contains("000000010.safetensors: is damaged"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("spoilt")))
    #expect(try branch("spoilt", of: "trunk@6", "--set", cooldown).status == 0)
    // What is measured and saved may change.
    let free = try branch(
      "free", of: "trunk@6", "--set", cooldown, "--set", "evaluation.every=5", "--set",
      "logEvery=2", "--set", "checkpoints.every=3")
    #expect(free.status == 0, "\(free.errors)")
    let both = try Tool.run(
      arguments("none", of: "trunk", [folder.file("r.yaml")]), in: folder)
    #expect(both.status == 64 && both.errors.contains("--branch takes the recipe of its run"))
    let nameless = try Tool.run("distill", "--branch", folder.file("trunk"), in: folder)
    #expect(nameless.status == 64 && nameless.errors.contains("--output"))
    let nothing = try Tool.run("distill", in: folder)
    #expect(nothing.status == 64 && nothing.errors.contains("<recipe>"))
    let itself = try branch("trunk", of: "trunk@6", "--set", cooldown)
    #expect(itself.status == 1 && itself.errors.contains("already holds a run"))
  }
}
