import Foundation
import FunMatchDatasets
import FunMatchDistillation
import Logging

/// What is measured during a run, and where it is written: `metrics.jsonl`, TensorBoard events, the
/// progress line and the log.
final class RunWatch {
  private let parts: RunParts
  private let recipe: Recipe
  private let log: Logger
  private let shouldStop: () -> Bool
  private let metrics: MetricsLog
  private let events: EventLog
  private let line: ProgressLine?
  private let isStudied: Bool
  private var best: BestStudent?
  private let begin = ContinuousClock.now
  private var (waited, asked, learnt) = (0.0, 0.0, 0.0)
  /// What is said of the latest evaluation on the validation images, or nothing.
  private(set) var note = ""
  /// What was measured of the step that the run goes on after, if its line is not written.
  private var pending: (step: Int, values: [String: Double])?

  /// Goes on after step `start`.
  ///
  /// - Parameters:
  ///   - pending: what was measured of that step, if its evaluation was still to come.
  ///   - member: what the run is in a study, if there is one.
  /// - Throws: `ExperimentError` when a file cannot be read or written.
  init(
    _ parts: RunParts, _ recipe: Recipe, _ folder: RunFolder, from start: Int,
    _ pending: [String: Double]?, _ options: RunOptions, _ log: Logger, of member: StudyMember?
  ) throws {
    self.parts = parts
    self.recipe = recipe
    self.log = log
    shouldStop = options.shouldStop
    metrics = try MetricsLog(path: folder.metrics, keepingThrough: start)
    let isWritten = metrics.lastStep == start || pending == nil
    self.pending = isWritten ? nil : pending.map { (start, $0) }
    events = try EventLog(folder: folder.path, keepingThrough: isWritten ? start : start - 1)
    isStudied = member != nil
    if let member { try events.begin(hyperparameters: member.hyperparameters, group: member.group) }
    line = options.isQuiet ? nil : ProgressLine(total: parts.steps)
    best = recipe.checkpoints.best ? BestStudent(folder, from: start) : nil
  }

  /// What is known of a step once it is made; `nil` where it has no line.
  func values(_ progress: Trainer.Progress, _ update: Learner.Update) -> [String: Double]? {
    waited += progress.waitedSeconds
    asked += progress.teacherSeconds
    learnt += update.seconds
    parts.common.images.report(to: log) { line?.clear() }
    let step = progress.stepsDone
    guard evaluates(after: step) || step.isMultiple(of: recipe.logEvery) else { return nil }
    return [
      "epoch": progress.epoch, "distillLoss": update.loss,
      "learningRate": recipe.optimizer.learningRate * update.multiplier,
      "gradientNorm": update.norms.gradient, "parameterNorm": update.norms.parameters,
      "updateNorm": update.norms.update, "imagesPerSecond": progress.imagesPerSecond(update),
    ]
  }

  /// Whether the student is evaluated after a step.
  func evaluates(after step: Int) -> Bool {
    step == parts.steps || step.isMultiple(of: recipe.evaluation.every)
  }

  /// Evaluates if that is due, and writes the line of a step.
  ///
  /// - Returns: false, and nothing is written, when the user wants to stop meanwhile.
  /// - Throws: what reading images throws, and `ExperimentError` when a file cannot be written.
  func write(_ values: [String: Double]?, step: Int) throws -> Bool {
    guard var values else { return true }
    if evaluates(after: step) {
      do {
        try evaluate(step, into: &values)
      } catch is CancellationError {
        return false
      }
      // Its batches are larger than a step's, and rare.
      ProcessMemory.release()
    }
    values["residentMegabytes"] = ProcessMemory.resident.map { Double($0) / 1e6 }
    // In this order: a line of metrics tells that there is an event.
    try events.append(values, step: step, wallTime: Date().timeIntervalSince1970)
    try metrics.append(values, step: step)
    return true
  }

  /// Writes the line that was still to come when the run ended, if there is one.
  ///
  /// - Returns: as `write` does.
  func writePending() throws -> Bool {
    guard let pending else { return true }
    return try write(pending.values, step: pending.step)
  }

  /// Shows how far the run is.
  func show(_ progress: Trainer.Progress, _ update: Learner.Update) {
    line?.show(
      step: progress.stepsDone, epoch: progress.epoch,
      imagesPerSecond: progress.imagesPerSecond(update), loss: update.loss)
  }

  private func evaluate(_ step: Int, into values: inout [String: Double]) throws {
    for (name, evaluator) in [
      ("train", parts.common.slice), ("validation", parts.common.validation),
    ] {
      guard let evaluator else { continue }
      let evaluation = try parts.evaluate(evaluator, shouldStop: shouldStop)
      for (key, value) in evaluation.figures where key != "images" {
        values["\(name).\(key)"] = value
      }
      let words = Self.words(evaluation)
      line?.clear()
      log.info("step \(step): \(name) \(words)")
      guard name == "validation" else { continue }
      note = "  " + words
      line?.remember(words)
      if try best?.keep(parts.resultFile, evaluation, step: step) == true {
        log.info("step \(step): the best student so far")
      }
    }
  }

  /// Tells TensorBoard how a student of a study ended.
  ///
  /// - Throws: `ExperimentError` when the file cannot be written.
  func conclude(success: Bool) throws {
    if isStudied { try events.end(success: success) }
  }

  /// Makes sure that all that was written is on the disk.
  func synchronize() throws {
    try metrics.synchronize()
    try events.synchronize()
  }

  /// Tells how long it took, and how much of that went where.
  func end() {
    line?.clear()
    let seconds = begin.duration(to: .now).seconds
    func share(_ part: Double) -> String {
      ProgressLine.fixed(100 * part / max(seconds, 1e-9), 1) + " %"
    }
    let others = "teachers and mixing took \(share(asked)), the student \(share(learnt))"
    log.info("waited for images \(share(waited)) of \(ProgressLine.time(seconds)); \(others)")
    parts.common.images.report(to: log)
  }

  private static func words(_ evaluation: Evaluation) -> String {
    [
      evaluation.top1.map { "top-1 " + ProgressLine.fixed($0, 4) },
      evaluation.agreement.map { "agreement " + ProgressLine.fixed($0, 4) },
      evaluation.top1 == nil && evaluation.agreement == nil
        ? "entropy " + ProgressLine.fixed(evaluation.entropy, 4) : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
