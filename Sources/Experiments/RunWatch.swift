import Foundation
import FunMatchDatasets
import FunMatchDistillation
import Logging

/// What is measured during a run, and where it is written: `metrics.jsonl`, TensorBoard events, the
/// progress line and the log.
final class RunWatch {
  private let parts: RunParts
  private let recipe: Recipe
  private let folder: RunFolder
  private let log: Logger
  private let metrics: MetricsLog
  private let events: EventLog
  private let line: ProgressLine?
  private let validation: Evaluator?
  private let slice: Evaluator?
  private let begin = ContinuousClock.now
  private var waited = 0.0
  /// The best score on the validation images so far, and its step.
  private var best: (step: Int, score: Double)?

  /// Goes on after step `start`.
  ///
  /// - Throws: `ExperimentError` when a file cannot be read or written.
  init(
    _ parts: RunParts, _ recipe: Recipe, _ folder: RunFolder, from start: Int, isQuiet: Bool,
    _ log: Logger
  ) throws {
    self.parts = parts
    self.recipe = recipe
    self.folder = folder
    self.log = log
    metrics = try MetricsLog(path: folder.metrics, keepingThrough: start)
    events = try EventLog(folder: folder.path, keepingThrough: start)
    line = isQuiet ? nil : ProgressLine(total: parts.steps)
    validation = parts.evaluator(parts.images.validation, parts.images.validationLoading)
    let training = parts.images.trainingSlice
    slice = parts.evaluator(
      parts.networks.labelsFit ? training : training.map { UnlabelledDataset($0) },
      parts.images.sliceLoading)
    if recipe.checkpoints.best {
      for key in Self.scores {
        let series = try MetricsLog.series("validation." + key, path: folder.metrics)
        for point in series where point.value > best?.score ?? -.infinity {
          best = (point.step, point.value)
        }
        if best != nil { break }
      }
    }
  }

  /// What tells which student is best: the first that there is.
  private static let scores = ["top1", "agreement"]

  /// Measures and writes what is due after a step.
  ///
  /// - Throws: what reading images throws, and `ExperimentError` when a file cannot be written.
  func note(_ progress: Trainer.Progress) throws {
    let step = progress.stepsDone
    let isLast = step == parts.steps
    waited += progress.waitedSeconds
    parts.images.report(to: log) { line?.clear() }
    let isEvaluated = isLast || step.isMultiple(of: recipe.evaluation.every)
    if isEvaluated || step.isMultiple(of: recipe.logEvery) {
      var values = [
        "epoch": progress.epoch, "distillLoss": progress.result.loss,
        "learningRate": recipe.optimizer.learningRate * progress.result.multiplier,
        "gradientNorm": progress.result.norms.gradient,
        "parameterNorm": progress.result.norms.parameters,
        "updateNorm": progress.result.norms.update,
        "imagesPerSecond": progress.imagesPerSecond,
      ]
      values["residentMegabytes"] = ProcessMemory.resident.map { Double($0) / 1e6 }
      if isEvaluated { try evaluate(step, into: &values) }
      try metrics.append(values, step: step)
      try events.append(values, step: step, wallTime: Date().timeIntervalSince1970)
    }
    line?.show(
      step: step, epoch: progress.epoch, imagesPerSecond: progress.imagesPerSecond,
      loss: progress.result.loss)
  }

  private func evaluate(_ step: Int, into values: inout [String: Double]) throws {
    for (name, evaluator) in [("train", slice), ("validation", validation)] {
      guard let evaluator else { continue }
      let evaluation = try parts.evaluate(evaluator)
      for (key, value) in evaluation.figures where key != "images" {
        values["\(name).\(key)"] = value
      }
      line?.clear()
      log.info("step \(step): \(name) \(Self.words(evaluation))")
      guard name == "validation" else { continue }
      line?.remember(Self.words(evaluation))
      if recipe.checkpoints.best { try keepBest(step, evaluation) }
    }
  }

  private func keepBest(_ step: Int, _ evaluation: Evaluation) throws {
    let figures = evaluation.figures
    guard let score = Self.scores.compactMap({ figures[$0] }).first,
      score > best?.score ?? -.infinity
    else { return }
    best = (step, score)
    try parts.resultFile.write(to: folder.best)
    log.info("step \(step): the best so far; wrote \(folder.best)")
  }

  /// Makes sure that all that was written is on the disk.
  func synchronize() throws {
    try metrics.synchronize()
    try events.synchronize()
  }

  /// Tells how long the steps took, and how much of it was spent waiting for images.
  func end() {
    line?.clear()
    let seconds = begin.duration(to: .now).seconds
    let share = ProgressLine.fixed(100 * waited / max(seconds, 1e-9), 1)
    log.info("waited for images \(share) % of \(ProgressLine.time(seconds))")
    parts.images.report(to: log)
  }

  private static func words(_ evaluation: Evaluation) -> String {
    [
      evaluation.top1.map { "top-1 " + ProgressLine.fixed($0, 4) },
      evaluation.agreement.map { "agreement " + ProgressLine.fixed($0, 4) },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
