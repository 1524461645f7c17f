import Foundation
import FunMatchTestSupport
import Testing

/// Runs that keep their teachers' logits, and runs that find them.
struct BankTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: 16, "microBatchSize: 6") }

  private func log(_ run: String) throws -> String {
    String(decoding: try folder.bytes("\(run)/log.txt"), as: UTF8.self)
  }

  private func computesTeachers(_ run: String) throws -> Bool {
    try log(run).contains("teachers computed logits of")
  }

  private func student(_ run: String) throws -> [UInt8] {
    try folder.bytes("\(run)/student.safetensors")
  }

  private func losses(_ name: String) throws -> [Double] {
    try run.metrics(name).map {
      try #require(Double($0.split(separator: ",")[0].split(separator: ":")[1]))
    }
  }

  /// The only data file of a bank.
  private func bank() throws -> String {
    let files = try run.files("kept/banks").filter { !$0.hasSuffix(".json") }
    #expect(files.count == 1)
    return folder.file("kept/banks/\(files[0])")
  }

  @Test func aStudentCannotTellABankFromItsTeacher() throws {
    try run.distilAll([("live", []), ("records", ["--set", "bank={precision: f32}"])])
    let banked = try run.distil("reads", "--set", "bank={precision: f32}")
    #expect(banked.status == 0, "\(banked.errors)")
    for name in ["records", "reads"] {
      #expect(try student(name) == student("live"))
      #expect(try run.metrics(name) == run.metrics("live"))
    }
    #expect(try log("records").contains("0 of 16 steps are known from before"))
    #expect(try computesTeachers("records") && !computesTeachers("reads"))
    // Views that repeat, and longer runs, are served from the same one.
    let short = try run.distil("repeats", "--set", "bank={precision: f32, epochs: 0.4}")
    #expect(short.status == 0 && short.errors.contains("repeat after 5 steps"), "\(short.errors)")
    #expect(try !computesTeachers("repeats"))
    #expect(try Array(losses("repeats")[..<5]) == Array(losses("live")[..<5]))
    #expect(try losses("repeats")[5] != losses("live")[5])
    let longer = try run.distil(
      "longer", "--set", "bank={precision: f32}", "--set", "schedule.steps=18")
    #expect(longer.errors.contains("16 of 18 steps are known from before"), "\(longer.errors)")
    // Other views or another precision are another bank's.
    let edits = Soak.first(2, of: ["views.mixup=0", "precision=f32", "seed=1", "batchSize=8"])
    let calls = edits.map {
      run.arguments("other \($0)", ["--set", "bank={precision: f32}", "--set", $0])
    }
    for (edit, other) in zip(edits, try Tool.runAll(calls, in: folder)) {
      #expect(other.errors.contains(" 0 of "), "\(edit): \(other.errors)")
    }
  }

  @Test func halfPrecisionIsCloseAndTheSameTwice() throws {
    try run.distilAll([("live", []), ("records", ["--set", "bank={epochs: 1}"])])
    #expect(try run.distil("reads", "--set", "bank={epochs: 1}").status == 0)
    #expect(try student("records") == student("reads"))
    for (a, b) in zip(try losses("live")[..<5], try losses("reads")[..<5]) {
      #expect(abs(a - b) < 1e-3)
    }
    #expect(try losses("live")[3] != losses("reads")[3])
  }

  @Test func aDamagedBankIsRefused() throws {
    let edits = ["--set", "bank={precision: f32}"]
    #expect(try Tool.run(run.arguments("first", edits), in: folder).status == 0)
    let path = try bank()
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let refused = try Tool.run(run.arguments("second", edits), in: folder)
    #expect(refused.status == 1 && refused.errors.contains("damaged"), "\(refused.errors)")
    #expect(refused.errors.contains(path))
    #expect(!FileManager.default.fileExists(atPath: folder.file("second/student.safetensors")))
  }

  @Test func aKilledRunGoesOnWithItsBank() throws {
    let edits = ["--set", "bank={precision: f32}", "--resume"]
    #expect(try run.distil("whole", "--set", "bank={precision: f32}").status == 0)
    let name = try Kill.retry { name in
      try? FileManager.default.removeItem(atPath: folder.file("kept"))
      return try (Soak.isOn ? [5, 9, 13] : [6]).allSatisfy { wanted in
        try Kill.landed(on: Tool.start(run.arguments(name, edits), in: folder)) {
          (try? run.metrics(name).count) ?? 0 >= wanted
        }
      }
    }
    let resumed = try Tool.run(run.arguments(name, edits), in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try student(name) == student("whole"))
    // All of it is there now.
    let next = try run.distil("next", "--set", "bank={precision: f32}")
    #expect(next.errors.contains("16 of 16 steps are known from before"), "\(next.errors)")
  }

  @Test func aBankThatAnotherKeyMadeUselessIsTold() throws {
    let edits = ["--set", "bank={precision: f32}"]
    let name = try run.killed(at: 8, edits)
    let resumed = try Tool.run(
      run.arguments(name, edits + ["--resume", "--set", "onBrokenImage=skip"]), in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    for words in [
      ".json is of no use here, since it differs in onBrokenImage: fail there, skip now",
      "with `onBrokenImage: fail` in the recipe, what is kept would be used",
    ] {
      #expect(resumed.errors.contains(words), "\(resumed.errors)")
    }
    // Of fixed targets the same is said.
    let fixed = ["--set", "views.policy=fix/rs", "--set", "schedule.steps=2"]
    #expect(try Tool.run(run.arguments("fixed", fixed), in: folder).status == 0)
    let other = try Tool.run(
      run.arguments("other", fixed + ["--set", "onBrokenImage=skip"]), in: folder)
    #expect(
      other.errors.contains("targets: ") && other.errors.contains("onBrokenImage: fail there"))
  }

  @Test func whatCannotBeBankedIsSaid() throws {
    let fixed = try run.distil("fixed", "--set", "views.policy=fix/rs", "--set", "bank={}")
    #expect(fixed.status == 1 && fixed.errors.contains("bank: the teachers of views.policy fix/rs"))
    // A dry run needs room for its own steps only.
    let steps = "schedule.steps=100000000000"
    let long = try run.distil("long", "--set", "bank={}", "--set", steps)
    #expect(long.status == 1 && long.errors.contains("are free"), "\(long.errors)")
    let dry = try run.distil("dry", "--set", "bank={}", "--set", steps, "--dry-run", "1")
    #expect(dry.status == 0, "\(dry.errors)")
    let negative = try run.distil("negative", "--set", "bank={epochs: -1}")
    #expect(negative.status == 1 && negative.errors.contains("bank.epochs"))
  }
}
