import Foundation
import FunMatchDistillation
import FunMatchTorch
import Logging

/// A student on its way from where its folder says that it is to its last step: what is saved,
/// measured and written.
final class RunSession {
  /// Updates made.
  private(set) var done: Int
  /// The student and all that is its own.
  let parts: RunParts
  /// Where it is kept.
  let folder: RunFolder
  private let recipe: Recipe
  private let options: RunOptions
  private let watch: RunWatch
  /// Its own log.
  let log: Logger
  private let lock: FolderLock
  private let member: StudyMember?
  /// The last update that a checkpoint has.
  private var saved: Int
  /// What was measured of the last step, as long as its line of metrics is not written.
  private var unwritten: [String: Double]?
  private var isInterrupted = false

  /// Starts, or goes on where the folder says.
  ///
  /// - Parameter member: what it is in a study, if there is one.
  /// - Throws: an error with one sentence on what was wrong.
  init(
    _ common: RunCommon, _ recipe: Recipe, _ options: RunOptions, of member: StudyMember? = nil
  ) throws {
    self.recipe = recipe
    self.options = options
    self.member = member
    let folder = RunFolder(options.output)
    self.folder = folder
    parts = try RunParts(common, recipe)
    lock = try folder.make(recipe)
    let log = RunLog.make(path: folder.log, isQuiet: options.isQuiet, name: member?.name ?? "")
    self.log = log
    Checkpoint.removeRemains(in: folder.checkpoints)
    log.info("\(parts.summary)")
    for warning in parts.schedule.warnings { log.warning("\(warning)") }

    done = 0
    var pending: [String: Double]?
    if options.resume,
      let checkpoint = try Checkpoint.latest(
        in: folder.checkpoints, warn: { log.warning("\($0)") })
    {
      guard checkpoint.description.origin == parts.origin else {
        throw ExperimentError(
          "\(folder.path) holds a run that learns from something else, from other images or weights"
        )
      }
      try checkpoint.restore(parts.student.model, parts.optimizer, average: parts.average)
      done = min(checkpoint.description.step, parts.steps)
      pending = checkpoint.description.pending
      log.info("resumed after step \(done)")
    }
    saved = done
    if done < parts.steps { try? FileManager.default.removeItem(atPath: folder.result) }
    let environment = RunEnvironment(device: options.device)
    if done > 0, let before = RunEnvironment(path: folder.environment), before != environment {
      log.warning(
        "the run goes on under other conditions than environment.json tells: bits may differ")
    }
    try environment.write(to: folder.environment)
    watch = try RunWatch(parts, recipe, folder, from: done, pending, options, log, of: member)
    isInterrupted = try !watch.writePending()
  }

  /// Whether the user wants to stop, and some of what belongs to the last step is left undone.
  var mustStop: Bool { isInterrupted }

  /// Whether all steps are made.
  var isComplete: Bool { done == parts.steps }

  /// The student for the trainer, and its steps up to `end`, if that is not beyond its last.
  func participant(until end: Int = .max) -> Trainer.Participant {
    Trainer.Participant(parts.learner, steps: done..<max(done, min(parts.steps, end)))
  }

  /// Measures, evaluates, saves and shows what an update did.
  ///
  /// - Throws: what reading images throws, and an error when a file cannot be written.
  func after(_ progress: Trainer.Progress, _ update: Learner.Update) throws {
    done = progress.stepsDone
    let values = watch.values(progress, update)
    unwritten = values
    let isDue = isComplete || recipe.checkpoints.isDue(done)
    let isEvaluated = watch.evaluates(after: done)
    // An evaluation may take long, so that what it is of is saved first.
    if isDue && isEvaluated { try save() }
    isInterrupted = try !watch.write(values, step: done)
    watch.show(progress, update)
    if !isInterrupted { unwritten = nil }
    if isInterrupted ? !isDue : isDue && !isEvaluated { try save() }
  }

  /// Saves what is not saved, so that the process may end; the evaluation of the last step too, as one that is
  /// to come, if something went wrong in it.
  ///
  /// - Throws: an error when the disk is full.
  func suspend() throws {
    try watch.synchronize()
    if done > saved { try save() }
    watch.end()
  }

  /// Tells that it cannot go on.
  ///
  /// - Throws: an error when a file cannot be written.
  func fail() throws { try watch.conclude(success: false) }

  /// What is said of its latest evaluation, or nothing.
  var note: String { watch.note }

  /// Removes what was saved to go on, once there is nothing left to do.
  func forgetCheckpoints() {
    Checkpoint.removeAll(in: folder.checkpoints, rule: recipe.checkpoints)
  }

  private func save() throws {
    // First, so that a run never goes on behind the end of its bank.
    try parts.common.synchronize()
    try watch.synchronize()
    try Checkpoint.save(
      parts.student.model, parts.optimizer, average: parts.average, step: done,
      origin: parts.origin, pending: unwritten, folder: folder.checkpoints,
      rule: recipe.checkpoints)
    saved = done
  }

  /// Writes the student, looks at it on the test images; `result.json` comes last, but for the report of a
  /// run that is in no study.
  ///
  /// - Throws: `CancellationError` when the user wants to stop.
  func finish() throws -> Comparison? {
    try parts.resultFile.write(to: folder.student)
    log.info("wrote \(folder.student)")
    let comparison = try parts.common.test.map {
      try parts.compare($0, shouldStop: options.shouldStop)
    }
    parts.common.images.report(to: log)
    let broken = parts.common.images.brokenCount
    if broken > 0 { log.warning("\(broken) broken images were skipped in all") }
    try watch.conclude(success: true)
    try watch.synchronize()
    try parts.result(comparison).write(to: folder.result)
    if member == nil { Report.write(of: folder.path, to: folder.report, log) }
    return comparison
  }
}
