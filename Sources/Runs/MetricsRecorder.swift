import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchTensorBoard
import FunMatchTorch
import Logging

/// Measures a run and writes what it measures: `metrics.jsonl`, TensorBoard events, the
/// progress line and the log.
final class MetricsRecorder {
  private let training: StudentTraining
  private let recipe: Recipe
  private let metrics: [Metric]
  private let log: Logger
  private let shouldStop: () -> Bool
  private let lines: MetricsLog
  private let events: EventLog
  private let line: ProgressLine?
  private let isInStudy: Bool
  private var best: BestStudent?
  private let begin = ContinuousClock.now
  private var (waitedSeconds, teacherSeconds, studentSeconds) = (0.0, 0.0, 0.0)
  private var watch = StepWatch()
  /// What is said of the latest evaluation on the validation images, or nothing.
  private(set) var note = ""
  /// What was measured of the step that the run goes on after, if its line is not written.
  private var pending: (step: Int, values: [String: Double])?
  /// The same without the step.
  var pendingValues: [String: Double]? { pending?.values }

  /// Goes on after step `start`.
  ///
  /// - Parameters:
  ///   - pending: what was measured of that step, if its evaluation was still to come when it was saved.
  ///   - wasLast: whether the run ended there and is longer now: the step is evaluated as any other is.
  /// - Throws: `FileError` when a file cannot be read or written.
  init(
    _ training: StudentTraining, _ recipe: Recipe, _ folder: RunFolder, from start: Int,
    _ pending: [String: Double]?, wasLast: Bool, _ clock: RunClock?, _ options: RunOptions,
    _ log: Logger
  ) throws {
    (self.training, self.recipe, self.log) = (training, recipe, log)
    metrics = options.registry.metrics
    shouldStop = options.shouldStop
    lines = try MetricsLog(
      path: folder.metrics, keepingThrough: wasLast && pending != nil ? start - 1 : start)
    let isWritten = lines.lastStep == start || pending == nil
    self.pending = isWritten ? nil : pending.map { (start, $0) }
    let wanted = isWritten ? start : start - 1
    let own = recipe.student
    let last = max(
      wanted / own.logEvery * own.logEvery, wanted / own.evaluateEvery * own.evaluateEvery)
    if (lines.lastStep ?? 0) < last {
      log.warning(
        "\(folder.metrics): ends after step \(lines.lastStep ?? 0); the lines up to step \(last) are missing and stay so"
      )
    }
    events = try EventLog(folder: folder.path, keepingThrough: isWritten ? start : start - 1)
    isInStudy = options.session != nil
    if let session = options.session { try events.begin(session) }
    line =
      options.isQuiet
      ? nil : ProgressLine(total: training.steps, left: clock.map { clock in { clock.left } })
    best = recipe.student.checkpoints.best ? BestStudent(folder, from: start) : nil
    if best?.isUnknown == true {
      log.warning(
        "\(folder.bestScore): is damaged or missing; the best student is looked for anew"
      )
    }
  }

  /// What is known of a step once it is made; `nil` where it has no line.
  func values(_ progress: Trainer.Progress, _ update: Learner.Update) -> [String: Double]? {
    waitedSeconds += progress.waitedSeconds
    teacherSeconds += progress.teacherSeconds
    studentSeconds += update.seconds
    training.group.reportBrokenImages(to: log) { line?.clear() }
    // Students of a study come and go, and with them what a step takes.
    if !isInStudy, let slow = watch.note(progress.seconds - progress.waitedSeconds) { warn(slow) }
    let step = progress.stepsDone
    guard hasLine(step) else { return nil }
    return [
      "epoch": progress.epoch, "distillLoss": update.loss,
      "learningRate": recipe.student.optimizer.value.learningRate * update.multiplier,
      "gradientNorm": update.norms.gradient, "parameterNorm": update.norms.parameters,
      "updateNorm": update.norms.update, "imagesPerSecond": progress.imagesPerSecond(update),
    ]
  }

  private func warn(_ seconds: (usual: Double, now: Double)) {
    let fewer = max(1, Torch.threads - 1)
    let remedy =
      training.group.device == .cpu && Torch.threads > fewer
      ? "; if it goes on like this, stop and continue with --resume --threads \(fewer)" : ""
    let (now, usual) = (
      NumberText.significant(seconds.now), NumberText.significant(seconds.usual)
    )
    line?.clear()
    log.warning(
      "steps take \(now) s and took \(usual) s: another program may use what they compute on\(remedy)"
    )
  }

  private func hasLine(_ step: Int) -> Bool {
    evaluates(after: step) || step.isMultiple(of: recipe.student.logEvery)
  }

  /// Whether the student is evaluated after a step.
  func evaluates(after step: Int) -> Bool {
    step == training.steps || step.isMultiple(of: recipe.student.evaluateEvery)
  }

  /// Evaluates if that is due, and writes the line of a step.
  ///
  /// - Returns: false, and nothing is written, when the user wants to stop meanwhile.
  /// - Throws: what reading images throws, and `FileError` when a file cannot be written.
  func write(_ values: [String: Double]?, step: Int) throws -> Bool {
    guard var values else { return true }
    if evaluates(after: step) {
      do {
        try evaluate(step, into: &values)
      } catch is CancellationError {
        return false
      }
      // Its batches are larger than a step's, and rare.
      Torch.releaseMemory()
    }
    values["residentMegabytes"] = ProcessMemory.resident.map { Double($0) / 1e6 }
    // In this order: a line of metrics tells that there is an event.
    try events.append(values, step: step, wallTime: Date().timeIntervalSince1970)
    try lines.append(values, step: step)
    return true
  }

  /// Writes the line that was still to come when the run ended, if there is one.
  ///
  /// - Returns: as `write` does.
  func writePending() throws -> Bool {
    guard let pending, hasLine(pending.step) else { return true }
    return try write(pending.values, step: pending.step)
  }

  /// Shows how far the run is.
  func show(_ progress: Trainer.Progress, _ update: Learner.Update) {
    line?.show(
      step: progress.stepsDone, epoch: progress.epoch,
      imagesPerSecond: progress.imagesPerSecond(update), loss: update.loss)
  }

  private func evaluate(_ step: Int, into values: inout [String: Double]) throws {
    let (group, isLast) = (training.group, step == training.steps)
    let validation = try isLast ? group.lastValidation() : group.validation
    for (name, evaluator) in [("train", group.slice), ("validation", validation)] {
      guard let evaluator else { continue }
      let evaluation =
        try isLast && name == "validation"
        ? training.evaluateLast(evaluator, shouldStop: shouldStop)
        : training.evaluate(evaluator, shouldStop: shouldStop)
      for (key, value) in evaluation.figures(metrics) { values["\(name).\(key)"] = value }
      let words = Self.words(evaluation)
      line?.clear()
      log.info("step \(step): \(name) \(words)")
      guard name == "validation" else { continue }
      note = "  " + words
      line?.remember(words)
      if try best?.keep(training.resultFile, evaluation, step: step) == true {
        log.info("step \(step): the best student so far")
      }
    }
  }

  /// Tells TensorBoard how a student of a study ended.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  func conclude(success: Bool) throws {
    if isInStudy { try events.end(success: success) }
  }

  /// Makes sure that all that was written is on the disk.
  func synchronize() throws {
    try lines.synchronize()
    try events.synchronize()
  }

  /// Tells how long it took, and how much of that went where.
  func end() {
    line?.clear()
    let seconds = begin.duration(to: .now).seconds
    func share(_ part: Double) -> String {
      NumberText.fixed(100 * part / max(seconds, 1e-9), 1) + " %"
    }
    let others =
      "teachers and mixing took \(share(teacherSeconds)), the student \(share(studentSeconds))"
    log.info(
      "waited for images \(share(waitedSeconds)) of \(NumberText.duration(seconds)); \(others)")
    training.group.reportBrokenImages(to: log)
  }

  /// The leading metrics; the entropy where there are none.
  private static func words(_ evaluation: Evaluation) -> String {
    let leading = Metric.leading.filter { evaluation[$0] != nil }
    return (leading.isEmpty ? [.entropy] : leading).compactMap { metric in
      evaluation[metric].map { "\(metric.title) \(NumberText.fixed($0, 4))" }
    }.joined(separator: ", ")
  }
}
