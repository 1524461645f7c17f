import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes

/// The steps of a run of so many hours before its cool-down. They are the same however many there will be, so that the recipe
/// whose length they have found makes them again.
struct Trunk {
  /// How it ended.
  enum Outcome {
    /// The recipe with its length in steps, and what is said of its keys.
    case settled(Recipe, RecipeNotes)
    /// The user stopped it after this step.
    case stopped(step: Int)
  }

  let group: TrainingGroup
  let recipe: Recipe
  let options: RunOptions

  private var schedule: ScheduleRecipe { recipe.student.schedule }

  /// What so little time is, and what is more than it: the end is estimated.
  private static let tolerance = 1.05

  /// Makes steps until those of the cool-down would come too late.
  ///
  /// - Throws: `RecipeError` when there is not even time for two steps, of which nothing is left in a folder of its own then;
  ///   what making them throws.
  func callAsFunction() throws -> Outcome {
    let folder = RunFolder(options.output)
    try? FileManager.default.removeItem(atPath: folder.asked)
    let session = try RunSession(group, recipe, options)
    guard let clock = session.clock, !session.mustStop else { return .stopped(step: session.done) }
    clock.ending = try session.training.secondsOfEnd()
    let first = session.done
    let trainer = try group.trainer(
      from: first, steps: session.totalSteps, session.log, shouldStop: options.shouldStop)
    var isSettled = false
    try trainer?.run([session]) { progress in
      guard !options.shouldStop(), !session.mustStop else { return false }
      isSettled = try options.shared {
        if first == 0 {
          do {
            try check(clock, progress)
          } catch {
            // Other hours would be another run.
            session.discard()
            throw error
          }
        }
        return clock.mustCoolDown(after: progress.stepsDone, cooldown)
      }
      return !isSettled
    }
    group.reportViews(to: session.log)
    guard isSettled else {
      try session.suspend()
      return .stopped(step: session.done)
    }
    let outcome = settled(session, clock)
    // Before the state is saved, and the recipe that goes on from it is written.
    try folder.keepAsked(schedule)
    try session.suspend()
    return outcome
  }

  private func cooldown(_ steps: Int) -> Int {
    schedule.cooldown(
      after: steps, imageCount: group.datasets.trainingCount, batchSize: recipe.shared.batchSize)
  }

  /// Makes sure that the first steps leave time for others.
  private func check(_ clock: RunClock, _ progress: Trainer.Progress) throws {
    let done = progress.stepsDone
    guard done <= 2 else { return }
    let each = clock.secondsPerStep(over: 1) ?? progress.seconds
    let rest = each * Double(2 - done + cooldown(2)) + clock.ending
    guard clock.seconds + (done < 2 ? 0 : rest) > Self.tolerance * clock.budget else { return }
    let needed = (clock.seconds + rest) / 3600
    throw RecipeError(
      "schedule.hours: \(NumberText.short(schedule.hours ?? 0)) hours are too short for two steps and a cool-down: a step takes "
        + "\(NumberText.significant(each)) s, what comes before and after them "
        + "\(NumberText.significant(clock.seconds + rest - each * Double(2 + cooldown(2)))) s; expected at least "
        + "\(NumberText.significant(1.1 * needed)) hours")
  }

  /// The recipe whose length is known, in which nothing is left to be measured.
  private func settled(_ session: RunSession, _ clock: RunClock) -> Outcome {
    let (steps, images) = (session.done, group.datasets.trainingCount)
    var known = recipe
    known.student.schedule = schedule.settled(
      after: steps, imageCount: images, batchSize: recipe.shared.batchSize)
    let engines = session.training.engines
    known.student.precision = engines.student
    if let first = engines.teachers.first, engines.teachers.allSatisfy({ $0 == first }),
      first.precision != .int8
    {
      (known.shared.engine, known.shared.precision) = (first.engine, first.precision)
    }
    let count = known.student.schedule.cooldownSteps ?? 0
    let each = clock.secondsPerStep(over: count) ?? 0
    let hours = NumberText.short(schedule.hours ?? 0)
    let words =
      "\(hours) hours hold \(NumberText.grouped(steps + count)) steps of \(NumberText.significant(each)) s; the last "
      + "\(NumberText.grouped(count)) cool down"
    session.log.info("\(words)")
    var notes = options.notes.over(RunFolder(options.output).notes)
    notes["schedule.hours"] = "\(hours) hours were asked for."
    notes["schedule.cooldownFraction"] = ""
    notes["schedule.steps"] = "\(words)."
    if recipe.shared.precision == .auto || recipe.student.precision == .auto {
      notes["precision"] = "What was measured to be the fastest here."
    }
    let command = group.kind == .distillation ? "distill" : "train"
    let same =
      "The same bits again, on this machine: funmatch \(command) THIS_FILE --output FOLDER --threads "
    let heading = (notes[""] ?? "").split(separator: "\n").filter { !$0.hasPrefix(same) }
    notes[""] = (heading + [same + "\(engines.threads?.student ?? 1)"]).joined(separator: "\n")
    return .settled(known, notes)
  }
}
