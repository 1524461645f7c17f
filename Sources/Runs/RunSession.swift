import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import Logging

/// A student on its way from where its folder says that it is to its last step: what is saved,
/// measured and written.
public final class RunSession: Participant {
  /// Updates made.
  public private(set) var done: Int
  /// Where the training loop shall stop, if that is not beyond its last step.
  public var end = Int.max
  /// The student and all that is its own.
  let training: StudentTraining
  /// Where it is kept.
  let folder: RunFolder
  private let recipe: Recipe
  private let options: RunOptions
  private let recorder: MetricsRecorder
  /// Its own log.
  let log: Logger
  /// Measures a run of so many hours until its length is known; `nil` of another.
  let clock: RunClock?
  private let lock: FileLock
  private let made: MadeFolders
  /// The last update that a checkpoint has.
  private var saved: Int
  /// What was measured of the last step, as long as its line of metrics is not written.
  private var unwritten: [String: Double]?
  private var isInterrupted = false
  private var answeredSaves = StopSignal.saveRequests

  /// Starts, or goes on where the folder says.
  ///
  /// - Throws: an error with one sentence on what was wrong.
  public init(_ group: TrainingGroup, _ recipe: Recipe, _ options: RunOptions) throws {
    (self.recipe, self.options) = (recipe, options)
    let folder = RunFolder(options.output)
    self.folder = folder
    let kept =
      options.resume ? try EngineChoice.kept(in: folder, group.kind, options.registry) : nil
    let training = try StudentTraining(group, recipe, kept: kept)
    self.training = training
    // Before the recipe is written anew: what a folder of an earlier version computes with is known by its recipe.
    try kept?.write(to: folder)
    try options.checkSame("weights", training.origin.joined(separator: ", "))
    let earlier = options.resume ? EarlierRecipe(folder, recipe, group) : nil
    (lock, made) = try folder.make(recipe, notes: options.notes)
    let log = RunLog.make(
      path: folder.log, isQuiet: options.isQuiet,
      name: options.session?.name ?? options.name)
    self.log = log
    Checkpoint.removeRemains(in: folder.checkpoints)
    log.info("\(training.summary)")
    for remark in group.remarks { log.info("\(remark)") }
    for warning in group.loaded.warnings + training.warnings { log.warning("\(warning)") }

    for measured in training.measured { log.info("\(measured)") }
    let clock = recipe.student.schedule.hours.map { hours in
      RunClock(hours: hours) { options.begin.duration(to: .now).seconds }
    }
    self.clock = clock
    done = 0
    var pending: [String: Double]?
    if options.resume,
      let checkpoint = try Checkpoint.latest(
        in: folder.checkpoints, warn: { log.warning("\($0)") })
    {
      try group.dataIdentity.check(folder) { log.warning("\($0)") }
      guard checkpoint.description.origin == training.origin else {
        throw RecipeError(
          "\(folder.path) holds a run that learns from something else, from other images or weights"
        )
      }
      try checkpoint.restore(training.student.model, training.optimizer, average: training.average)
      done = min(checkpoint.description.step, training.steps)
      pending = checkpoint.description.pending
      clock?.before = checkpoint.description.seconds ?? 0
      log.info("resumed after step \(done)")
    }
    guard kept?.isSame(as: training.engines) ?? true else {
      throw RecipeError(
        "\(folder.path) holds a run that computes otherwise (\(kept?.words ?? "")) than the others "
          + "(\(training.engines.words))")
    }
    var engines = training.engines
    engines.run =
      try kept.map(\.run)
      ?? Checksum.sha256(of: RecipeFile.text(recipe) + training.origin.joined(separator: "\n"))
    try engines.write(to: folder)
    if done == 0 || !FileManager.default.fileExists(atPath: folder.data) {
      try JSONText.write(group.dataIdentity, to: folder.data)
    }
    let goesOn = done > 0 && done < training.steps
    if goesOn, let words = earlier?.difference {
      log.info("goes on with another recipe than before: \(words)")
    }
    let wasLast =
      goesOn && (done == earlier?.steps || done == RunResult(path: folder.result)?.steps)
    let trunk = done > 0 ? RunSource(path: folder.source)?.trunk : nil
    try JSONText.write(
      RunSource(recipe: group.loader.recipePath, trunk: trunk), to: folder.source)
    let environment = RunEnvironment(device: options.device)
    if done > 0, let before = RunEnvironment(path: folder.environment), before != environment {
      log.warning(
        "the run goes on under other conditions than environment.json tells: bits may differ")
    }
    try JSONText.write(environment, to: folder.environment)
    var start = Start(done: done, pending: pending)
    func recorder(_ start: Start) throws -> MetricsRecorder {
      try MetricsRecorder(
        training, recipe, folder, from: start.done, start.pending, wasLast: wasLast, clock, options,
        log)
    }
    if options.group?.isFirst ?? true {
      self.recorder = try recorder(start)
      start.pending = self.recorder.pendingValues
      start = try options.shared { start }
    } else {
      start = try options.shared { start }
      self.recorder = try recorder(start)
    }
    (done, saved) = (start.done, start.done)
    if let group = options.group { try training.takeOver(from: group) }
    isInterrupted = try !self.recorder.writePending()
    // At last: until then it tells that the line of its last step is one of an end.
    if done < training.steps { try? FileManager.default.removeItem(atPath: folder.result) }
  }

  /// The recipe that the folder had.
  private struct EarlierRecipe {
    /// How long it was.
    let steps: Int?
    /// How the recipe differs from it, in words; `nil` where it does not.
    let difference: String?

    init?(_ folder: RunFolder, _ recipe: Recipe, _ group: TrainingGroup) {
      guard
        let kept = try? RecipeFile(path: folder.recipe, registry: group.options.registry).recipe
      else { return nil }
      steps = try? kept.schedule(imageCount: group.datasets.trainingCount).totalSteps
      difference = try? RunFolder.difference(kept, recipe)
    }
  }

  /// Where a run goes on, and what was measured of its last step if that is still to be written.
  private struct Start: Codable {
    var done: Int
    var pending: [String: Double]?
  }

  /// Whether the user wants to stop, and some of what belongs to the last step is left undone.
  public var mustStop: Bool { isInterrupted }

  /// Whether all steps are made.
  public var isComplete: Bool { done == training.steps }

  /// Number of updates of the whole run.
  public var totalSteps: Int { training.steps }

  /// Bytes that the student takes as long as it is trained.
  public var byteCount: Int { training.byteCount }

  /// The student for the trainer.
  public private(set) lazy var learner = training.learner

  /// Its steps up to `end`.
  public var steps: Range<Int> { done..<max(done, min(training.steps, end)) }

  /// Measures, evaluates, saves and shows what an update did.
  ///
  /// - Returns: false when the user wants to stop meanwhile.
  /// - Throws: what reading images throws, why the update was not made, and an error when a file cannot be written.
  public func take(
    _ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress
  ) throws -> Bool {
    let update = try result.get()
    done = progress.stepsDone
    let values = recorder.values(progress, update)
    unwritten = values
    let requests = StopSignal.saveRequests
    let isDue =
      isComplete || recipe.student.checkpoints.isDue(done) || requests != answeredSaves
    answeredSaves = requests
    let isEvaluated = recorder.evaluates(after: done)
    // An evaluation may take long, so that what it is of is saved first.
    if isDue && isEvaluated { try save() }
    isInterrupted = try !recorder.write(values, step: done)
    recorder.show(progress, update)
    if !isInterrupted { unwritten = nil }
    if isInterrupted ? !isDue : isDue && !isEvaluated { try save() }
    clock?.note(done)
    return !mustStop
  }

  /// Saves what is not saved, so that the process may end; the evaluation of the last step too, as one that is
  /// to come, if something went wrong in it.
  ///
  /// - Throws: an error when the disk is full.
  public func suspend() throws {
    try recorder.synchronize()
    if done > saved { try save() }
    recorder.end()
  }

  /// Removes the run's folder with all that is in it, unless it was there before this session.
  func discard() { made.remove(folder.path) }

  /// Tells that it cannot go on.
  ///
  /// - Throws: an error when a file cannot be written.
  public func fail() throws { try recorder.conclude(success: false) }

  /// What is said of its latest evaluation, or nothing.
  public var note: String { recorder.note }

  /// Removes what was saved to go on, once there is nothing left to do.
  public func removeCheckpoints() {
    Checkpoint.removeAll(in: folder.checkpoints, rule: recipe.student.checkpoints)
  }

  private func save() throws {
    guard options.group?.isFirst ?? true else { return }
    // First, so that a run never goes on behind the end of its bank.
    try training.group.synchronize()
    try recorder.synchronize()
    try Checkpoint.save(
      training.student.model, training.optimizer, average: training.average, step: done,
      origin: training.origin, pending: unwritten, seconds: clock?.seconds,
      folder: folder.checkpoints, rule: recipe.student.checkpoints)
    saved = done
  }

  /// Writes the student, looks at it on the test images; `result.json` comes last.
  ///
  /// - Throws: `CancellationError` when the user wants to stop.
  public func finish() throws -> Comparison? {
    try training.resultFile.write(to: folder.student)
    log.info("wrote \(folder.student)")
    let group = training.group
    let comparison = try group.finalTest().map {
      try training.compare(
        $0, folder.student, registry: options.registry, shouldStop: options.shouldStop)
    }
    group.reportBrokenImages(to: log)
    let broken = group.datasets.brokenCount
    if broken > 0 { log.warning("\(broken) broken images were skipped in all") }
    try recorder.conclude(success: true)
    try recorder.synchronize()
    try JSONText.write(training.result(comparison), to: folder.result)
    return comparison
  }
}
