import Foundation
import FunMatchImages
import FunMatchRecipes
import FunMatchTestSupport
import Testing

/// Runs that are as long as some hours, with and without a recipe.
@Suite(.serialized) struct FirstRunTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  private let hours: Double

  /// Seconds that a few steps take from start to end, however busy the machine is.
  private static let seconds = Result { () throws -> Double in
    let run = try FashionRun(steps: 12)
    let begin = ContinuousClock.now
    let few = try run.distil("few", "--quiet")
    try #require(few.status == 0, "\(few.errors)")
    let taken: Duration = begin.duration(to: .now)
    return taken / Duration.seconds(1)
  }

  /// Hours that hold many more.
  init() throws {
    run = try FashionRun(steps: 30)
    hours = try max(4.0, 4.0 * Self.seconds.get()) / 3600.0
  }

  private var schedule: [String] {
    [
      "--set",
      "schedule={hours: \(hours), decay: constant, warmupSteps: 3, cooldownFraction: 0.2}",
      "--set", "evaluation.every=200", "--set", "checkpoints={every: 10, best: false}",
    ]
  }

  private func recipe(_ name: String) throws -> Recipe {
    try RecipeFile(path: folder.file("\(name)/recipe.yaml")).recipe
  }

  /// A run's recipe from its first step on, from where its weights are found.
  private func again(_ name: String, _ more: String...) throws -> [String] {
    let path = try folder.write("again.yaml", Array(folder.bytes("\(name)/recipe.yaml")))
    return [
      "distill", path, "--output", folder.file("\(name)-again"), "--device", "cpu", "--threads",
      "1",
      "--quiet",
    ] + more
  }

  /// Its length is that of its recipe, of which a fifth cools down, and the recipe makes the same student.
  private func expectSame(_ name: String) throws {
    let schedule = try recipe(name).student.schedule
    let (steps, cooldown) = (try #require(schedule.steps), try #require(schedule.cooldownSteps))
    #expect(schedule.hours == nil && schedule.cooldownFraction == nil)
    #expect(cooldown == max(1, Int((Double(steps - cooldown) / 4).rounded(.toNearestOrEven))))
    let whole = try Tool.run(again(name), in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try run.metrics(name).count == steps)
    #expect(try run.metrics(name) == run.metrics("\(name)-again"))
    #expect(
      try folder.bytes("\(name)/student.safetensors")
        == folder.bytes("\(name)-again/student.safetensors"))
  }

  /// Killed before its length is known and after it is.
  @Test func killedAndResumedItIsItsRecipe() throws {
    let name = try run.killed(at: 15, schedule)
    #expect(try recipe(name).student.schedule.hours == hours)
    let states = try run.files("\(name)/checkpoints").filter { $0.hasSuffix(".json") }
    let last = try folder.bytes("\(name)/checkpoints/\(try #require(states.last))")
    #expect(String(decoding: last, as: UTF8.self).contains("\"seconds\""))

    let arguments = run.arguments(name, schedule + ["--resume"])
    let landed = try Kill.landed(on: Tool.start(arguments, in: folder)) {
      (try? recipe(name).student.schedule.steps) != nil
    }
    let settled = try folder.bytes("\(name)/recipe.yaml")
    let resumed = try Tool.run(arguments, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("\(name)/recipe.yaml") == settled)
    #expect(!landed || resumed.errors.contains("resumed after step"))
    try expectSame(name)

    // It is finished, and as long as it is: other hours are another run.
    #expect(try Tool.run(arguments, in: folder).status == 0)
    let longer = run.arguments(
      name, schedule + ["--resume", "--set", "schedule.hours=1"])
    let refused = try Tool.run(longer, in: folder)
    #expect(refused.status == 1 && refused.errors.contains("schedule.hours"), "\(refused.errors)")
    let well = try Tool.run("doctor", folder.file(name), in: folder)
    #expect(well.status == 0 && well.output.contains("asked.json: whole"), "\(well.output)")
  }

  @Test func severalProcessesFollowTheFirst() throws {
    func distil(_ arguments: [String]) throws {
      let results = try ToolGroup(2, in: folder) { _ in arguments }.results()
      #expect(results.allSatisfy { $0.status == 0 }, "\(results.map(\.errors))")
    }
    try distil(run.arguments("both", schedule + ["--quiet"]))
    #expect(try recipe("both").student.schedule.hours == nil)
    try distil(again("both"))
    #expect(try run.metrics("both") == run.metrics("both-again"))
    #expect(
      try folder.bytes("both/student.safetensors")
        == folder.bytes("both-again/student.safetensors"))
  }

  /// Nothing is left of a folder that was made for a run which there is no time for; one that was there stays.
  @Test func tooFewHoursLeaveNoFolderBehind() throws {
    let few = [
      "--quiet", "--set",
      "schedule={hours: 0.000001, decay: constant, warmupSteps: 0, cooldownFraction: 0.2}",
      "--set", "checkpoints={every: 1, best: false}",
    ]
    let files = FileManager.default
    for name in ["there", "beside"] {
      try files.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      _ = try folder.write("\(name)/notes.txt", Array("mine".utf8))
    }
    let calls = [
      run.arguments("new/run", few), run.arguments("beside/run", few + ["--resume"]),
      run.arguments("there", few),
    ]
    for result in try Tool.runAll(calls, in: folder) {
      #expect(
        result.status == 1
          && result.errors.contains("hours are too short for two steps and a cool-down"),
        "\(result.errors)")
    }
    #expect(!files.fileExists(atPath: folder.file("new")))
    #expect(try run.files("beside") == ["notes.txt"])
    #expect(try folder.bytes("there/notes.txt") == Array("mine".utf8))
    // The refusal came after a state was saved.
    #expect(try !run.files("there/checkpoints").isEmpty)

    let both = try ToolGroup(2, in: folder) { _ in run.arguments("both", few) }.results()
    #expect(both.allSatisfy { $0.status == 1 }, "\(both.map(\.errors))")
    #expect(!files.fileExists(atPath: folder.file("both")))
  }

  // MARK: Without a recipe

  private static let student =
    "bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}"

  /// Images of many sizes.
  private func images(_ count: Int) throws -> String {
    let path = folder.file("images")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for index in 0..<count {
      let image = photograph(height: 24 + 5 * (index % 7), width: 60 - 3 * (index % 5), seed: index)
      _ = try folder.write("images/\(index).jpg", image.jpegData())
    }
    return "photos:\(path)"
  }

  private func arguments(_ data: String, _ more: [String] = []) -> [String] {
    [
      "distill", "--teacher", folder.file("teacher.safetensors"), "--data", data, "--student",
      Self.student, "--hours", "\(hours)",

      "--device", "cpu", "--threads", "1", "--quiet", "--set", "precision=f32",
    ] + more
  }

  @Test func oneLineIsEnough() throws {
    let data = try images(20)
    let dry = try Tool.run(arguments(data, ["--dry-run", "2"]), in: folder)
    #expect(dry.status == 0, "\(dry.errors)")
    let printed = try RecipeFile(path: folder.write("dry.yaml", Array(dry.output.utf8))).recipe
    #expect(printed.student.schedule.hours == hours && printed.shared.batchSize == 20)
    #expect(printed.shared.resolution == 28 && printed.student.input == .official)
    #expect(dry.output.contains("# dry run"))

    let output = ["--output", folder.file("first"), "--test", "fashion-mnist:test[:50]"]
    let first = try Tool.run(arguments(data, output), in: folder)
    #expect(first.status == 0 && first.output.contains("agreement"), "\(first.errors)")
    let text = String(decoding: try folder.bytes("first/recipe.yaml"), as: UTF8.self)
    for words in [
      "# Made by funmatch distill --teacher",
      "\n# The paper has 512; there are 20 images.\nbatchSize: 20\n",
      "hours hold", "--threads 1", "The shorter side of these images is",
    ] { #expect(text.contains(words), "\(words): \(text)") }
    // Crops of 18 pixels of a median of 39.
    #expect(try recipe("first").shared.views.crop == .inception(areaMin: 0.21, areaMax: 1))
    try expectSame("first")

    let finished = try Tool.run(arguments(data, output + ["--resume"]), in: folder)
    #expect(finished.status == 0 && finished.output.contains("student"), "\(finished.errors)")
    let refused = try Tool.run(arguments(data, output), in: folder)
    #expect(refused.status == 1 && refused.errors.contains("already holds a run"))
  }

  @Test func whatIsWrongIsSaidInOneSentence() throws {
    let data = try images(4)
    let (teacher, nothing) = (folder.file("teacher.safetensors"), folder.file("nothing"))
    try FileManager.default.createDirectory(atPath: nothing, withIntermediateDirectories: true)
    let junk = try folder.write("junk.safetensors", Array("junk".utf8))
    let program = try folder.write("teacher.pt", Array("junk".utf8))
    let output = ["--output", folder.file("none"), "--device", "cpu"]
    func line(
      _ teacher: String, _ data: String, _ student: String = "mobilenet-v3-small",
      _ hours: String = "1"
    ) -> [String] {
      ["distill", "--teacher", teacher, "--data", data, "--student", student, "--hours", hours]
        + output
    }
    let cases: [([String], Int32, String)] = [
      (line("/nowhere.safetensors", data), 1, "/nowhere.safetensors: does not exist"),
      (line(junk, data), 1, "junk.safetensors"),
      (line(program, data), 1, "is a program or a graph"),
      (line(teacher, "photos:\(nothing)"), 1, "holds no images"),
      (line(teacher, "photos:\(nothing)/more"), 1, "--data: "),
      (line(teacher, "flowers"), 1, "no data set is called 'flowers'"),
      (line(teacher, data, "mobilenet-v9"), 1, "no model is called 'mobilenet-v9'"),
      (line(teacher, data, "bit: {dpeth: 50}"), 1, "--student bit"),
      (line(teacher, data, Self.student, "0.000001"), 1, "hours are too short"),
      (line(teacher, data, Self.student, "0"), 64, "--hours must be above 0"),
      (["distill", "--teacher", teacher], 64, "missing: --data, --student, --hours"),
      (["distill", folder.file("r.yaml"), "--teacher", teacher], 64, "--teacher is for a run"),
    ]
    let none = folder.file("none")
    let calls = cases.enumerated().map { number, aCase in
      aCase.0.map { $0 == none ? "\(none)\(number)" : $0 }
    }
    let results = try Tool.runAll(calls, in: folder)
    for ((arguments, status, words), result) in zip(cases, results) {
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
      if status == 1 {
        #expect(
          result.errors.split(separator: "\n").count { $0.hasPrefix("funmatch: ") } == 1,
          "\(result.errors)")
      }
    }
    for number in cases.indices {
      let student = "\(none)\(number)/student.safetensors"
      #expect(!FileManager.default.fileExists(atPath: student))
    }
    let group = try ToolGroup(2, in: folder) { _ in line(teacher, data) }.results()
    #expect(
      group.allSatisfy { $0.status == 1 }
        && group.contains { $0.errors.contains("without a recipe one process trains") })
  }
}
