import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews
import Logging

/// One experiment from recipe to student, in a folder of its own that it can be resumed from.
public struct Run {
  /// What the student learns from.
  public enum Kind: String, Sendable {
    /// Its teachers alone.
    case distillation
    /// Labels.
    case supervision
  }

  /// How a run ended.
  public enum Outcome: Sendable {
    /// All steps are made; with the student's figures on the test images, if the recipe names some,
    /// and its file.
    case finished(Comparison?, student: String)
    /// A signal ended it after this step; `--resume` goes on.
    case stopped(step: Int)
  }

  private let kind: Kind
  private let file: RecipeFile
  private let options: RunOptions
  private let folder: RunFolder
  private var recipe: Recipe { file.recipe }

  /// Nothing is read or written yet.
  public init(_ kind: Kind, _ file: RecipeFile, _ options: RunOptions) {
    self.kind = kind
    self.file = file
    self.options = options
    folder = RunFolder(options.output)
  }

  /// Number of training images that a recipe names.
  ///
  /// - Parameter inventsMissing: whether those of data sets that are not here are counted as published.
  /// - Throws: `DatasetError` when they are not here.
  public static func imageCount(
    _ images: TrainingImages, dataFolder: String?, inventsMissing: Bool = false
  ) throws -> Int {
    let registry = DatasetRegistry(dataFolder: dataFolder)
    return try images.references.reduce(0) { sum, reference in
      do {
        return sum + (try registry.open(reference).count)
      } catch let error as DatasetError where error.isAbsence && inventsMissing {
        return sum + (try GeneratedDataset(standingFor: reference).count)
      }
    }
  }

  /// Makes all steps, or those that are left.
  ///
  /// - Throws: an error with one sentence on what was wrong; the last checkpoint is whole whatever
  ///   happens.
  public func callAsFunction() throws -> Outcome {
    try folder.check(recipe, resume: options.resume)
    let parts = try RunParts(kind, file, options)
    try folder.make(recipe)
    let log = RunLog.make(path: folder.log, isQuiet: options.isQuiet)
    Checkpoint.removeRemains(in: folder.checkpoints)
    log.info("\(parts.summary)")
    for warning in parts.schedule.warnings { log.warning("\(warning)") }

    var start = 0
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
      start = min(checkpoint.description.step, parts.steps)
      pending = checkpoint.description.pending
      log.info("resumed after step \(start)")
    }
    let environment = RunEnvironment(device: options.device)
    if start > 0, let before = RunEnvironment(path: folder.environment), before != environment {
      log.warning(
        "the run goes on under other conditions than environment.json tells: bits may differ")
    }
    try environment.write(to: folder.environment)
    let watch = try RunWatch(parts, recipe, folder, from: start, pending, options, log)
    guard try watch.writePending() else { return .stopped(step: start) }
    let end = start < parts.steps ? try train(parts, from: start, watch, log) : start
    guard end == parts.steps else { return .stopped(step: end) }
    do {
      return .finished(try finish(parts, log), student: folder.student)
    } catch is CancellationError {
      return .stopped(step: end)
    }
  }

  /// Makes the steps and returns how many are done.
  private func train(
    _ parts: RunParts, from start: Int, _ watch: RunWatch, _ log: Logger
  ) throws -> Int {
    guard let trainer = try parts.trainer(log, shouldStop: options.shouldStop) else { return start }
    func save(_ step: Int, pending: [String: Double]? = nil) throws {
      try watch.synchronize()
      try Checkpoint.save(
        parts.student.model, parts.optimizer, average: parts.average, step: step,
        origin: parts.origin, pending: pending, folder: folder.checkpoints,
        rule: recipe.checkpoints)
    }
    var done = start
    try trainer.run(start..<parts.steps) { progress in
      done = progress.stepsDone
      let values = watch.values(progress)
      let isDue = done == parts.steps || recipe.checkpoints.isDue(done)
      let isEvaluated = watch.evaluates(after: done)
      // An evaluation may take long, so that what it is of is saved first.
      if isDue && isEvaluated { try save(done, pending: values) }
      let isWritten = try watch.write(values, step: done)
      watch.show(progress)
      let stops = options.shouldStop()
      if !isWritten {
        if !isDue { try save(done, pending: values) }
      } else if stops || (isDue && !isEvaluated) {
        try save(done)
      }
      return isWritten && !stops
    }
    watch.end()
    return done
  }

  /// Writes the student, looks at it on the test images and draws its curve.
  private func finish(_ parts: RunParts, _ log: Logger) throws -> Comparison? {
    try parts.resultFile.write(to: folder.student)
    log.info("wrote \(folder.student)")
    if let figure = try AccuracyFigure(folder: folder).draw() { log.info("drew \(figure)") }
    let test = parts.evaluator(parts.images.test, parts.images.testLoading)
    let comparison = try test.map { try parts.compare($0, shouldStop: options.shouldStop) }
    parts.images.report(to: log)
    let broken = parts.images.brokenCount
    if broken > 0 { log.warning("\(broken) broken images were skipped in all") }
    return comparison
  }
}
