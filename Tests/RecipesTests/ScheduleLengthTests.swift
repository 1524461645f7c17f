import FunMatchRecipes
import FunMatchTestSupport
import Testing

/// How long a run is that cools down from a step on.
struct ScheduleLengthTests {
  private func recipe(_ schedule: String, _ checkpoints: String = "{}") throws -> Recipe {
    let text = """
      data: {train: "fashion-mnist:train"}
      student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
      schedule: {decay: constant, steps: 50, \(schedule)}
      checkpoints: \(checkpoints)
      batchSize: 10
      """
    let folder = try TemporaryFolder()
    return try RecipeFile(path: folder.write("r.yaml", Array(text.utf8))).recipe
  }

  @Test(arguments: [
    ("cooldownSteps: 7", 107), ("cooldownEpochs: 0.3", 130), ("cooldownFraction: 0.2", 125),
    ("cooldownFraction: 0", 100), ("cooldownSteps: 0", 100), ("cooldownFraction: 1", 100),
  ])
  func itsCoolDownBeginsThere(schedule: String, length: Int) throws {
    let known = try recipe(schedule).student.schedule
    #expect(known.length(coolingFrom: 100, imageCount: 1000, batchSize: 10) == length)
  }

  /// Whatever the rounding, the cool-down of a run as long as that begins at the step.
  @Test func sharesAreThoseOfTheWholeLength() throws {
    for share in [0.01, 0.1, 0.2, 1.0 / 3, 0.5, 0.77, 0.99] {
      var known = try recipe("cooldownFraction: \(share)")
      for step in [1, 2, 3, 10, 99, 1000, 12_345] {
        let length = known.student.schedule.length(
          coolingFrom: step, imageCount: 1, batchSize: 1)
        known.student.schedule.setSteps(length)
        let schedule = try known.schedule(imageCount: 1)
        #expect(schedule.totalSteps - schedule.cooldownSteps == step, "\(share), \(step)")
      }
    }
  }

  @Test func namedStepsAreKeptForGood() throws {
    let rule = try recipe("warmupSteps: 0", "{every: 500, keepEvery: 2000, at: [1000, 1700]}")
      .student.checkpoints
    #expect([1000, 1700, 2000].allSatisfy { rule.isDue($0) && rule.isForGood($0) })
    #expect(rule.isDue(500) && !rule.isForGood(500) && !rule.isDue(1701))
  }
}
