import FunMatchOptimizers
import FunMatchRecipes
import FunMatchTestSupport
import Testing

/// A length in hours, and comments on keys.
struct HoursTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ schedule: String, _ more: String = "") throws -> Recipe {
    let text = """
      data: {train: "fashion-mnist:train"}
      teachers: [{weights: "t.safetensors", resolution: 28}]
      student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
      schedule: \(schedule)
      \(more)
      """
    return try RecipeFile(path: folder.write("r.yaml", Array(text.utf8))).recipe
  }

  @Test(arguments: [
    ("{hours: 2}", "", "decay: constant"),
    ("{hours: 2, decay: constant}", "", "cooldownFraction: 0.2"),
    ("{hours: 2, decay: constant, cooldownFraction: 1}", "", "cooldownFraction: 0.2"),
    ("{hours: 2, decay: constant, cooldownFraction: 0.2, warmupFraction: 0.1}", "", "warm-up"),
    ("{hours: 0, decay: constant, cooldownFraction: 0.2}", "", "schedule.hours"),
    ("{hours: 2, steps: 5, decay: constant, cooldownFraction: 0.2}", "", "hours"),
    ("{hours: 2, decay: constant, cooldownFraction: 0.2}", "bank: {}", "bank"),
  ])
  func whatCannotBe(schedule: String, more: String, word: String) {
    #expect {
      _ = try read(schedule, more)
    } throws: { "\($0)".contains(word) && !"\($0)".contains("\n") }
  }

  /// After 400 steps a fifth of all is 100 more; until then every rate is what it was when the length was not known.
  @Test func theLengthThatIsFoundChangesNoStepBeforeIt() throws {
    var recipe = try read(
      "{hours: 2, decay: constant, warmupSteps: 10, cooldownFraction: 0.2}", "batchSize: 100")
    let open = try recipe.schedule(imageCount: 60_000)
    #expect(open.warnings.isEmpty && open.totalSteps > 1_000_000_000)
    recipe.student.schedule = recipe.student.schedule.settled(
      after: 400, imageCount: 60_000, batchSize: 100)
    let known = try recipe.schedule(imageCount: 60_000)
    #expect(
      known == Schedule(totalSteps: 500, warmupSteps: 10, cooldownSteps: 100, decay: .constant))
    #expect((0...400).allSatisfy { open($0) == known($0) })
    #expect(known(450) == 0.5 && known(499) == 0.01)
    // Written out and read again, nothing else has a length.
    let text = try RecipeFile.text(recipe)
    #expect(try RecipeFile(path: folder.write("s.yaml", Array(text.utf8))).recipe == recipe)

    // 2 epochs of 600 steps each, however long the trunk is.
    let epochs = try read("{hours: 2, decay: constant, cooldownEpochs: 2}").student.schedule
    #expect(epochs.cooldown(after: 7, imageCount: 60_000, batchSize: 100) == 1200)
    #expect(epochs.settled(after: 7, imageCount: 60_000, batchSize: 100).steps == 1207)
    // Few steps cool down, too.
    let few = try read("{hours: 2, decay: constant, cooldownFraction: 0.2}").student.schedule
    #expect([1, 2, 6].map { few.cooldown(after: $0, imageCount: 1, batchSize: 1) } == [1, 1, 2])
  }

  @Test func commentsStandAboveTheirKeysAndAreReadAgain() throws {
    let recipe = try read("{steps: 30}")
    var notes: RecipeNotes = [
      "": "Made by hand.\nSecond line.", "schedule.steps": "Enough.", "batchSize": "As usual.",
      "views.crop.inception.areaMin": "Small.", "teachers": "One.",
    ]
    let text = try RecipeFile.text(recipe, notes: notes)
    #expect(text.hasPrefix("# Made by hand.\n# Second line.\n\ndata:\n"))
    #expect(text.contains("\n  # Enough.\n  steps: 30\n"))
    #expect(text.contains("\n# One.\nteachers:\n"))
    #expect(RecipeNotes(in: text) == notes)
    #expect(try RecipeFile(path: folder.write("n.yaml", Array(text.utf8))).recipe == recipe)
    // Of two the first says, and what is empty says nothing.
    notes["batchSize"] = ""
    let both = notes.over(["batchSize": "Other.", "seed": "Zero."])
    #expect(both["batchSize"] == "" && both["seed"] == "Zero.")
    #expect(try !RecipeFile.text(recipe, notes: both).contains("usual"))
  }

  /// A path with a line break in it is written over several lines, one of which looks like a key.
  @Test func aValueIsNeverChanged() throws {
    var recipe = try read("{steps: 30}")
    recipe.student.weights = "a\nseed: b \(String(repeating: "c ", count: 80))\nbatchSize: 3"
    let text = try RecipeFile.text(recipe, notes: ["seed": "Zero.", "batchSize": "Some."])
    #expect(try RecipeFile(path: folder.write("v.yaml", Array(text.utf8))).recipe == recipe)
  }
}
