import Foundation
import FunMatchDatasets
import FunMatchDistillation

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

  /// Nothing is read or written yet.
  public init(_ kind: Kind, _ file: RecipeFile, _ options: RunOptions) {
    self.kind = kind
    self.file = file
    self.options = options
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
    let folder = RunFolder(options.output)
    try folder.check(file.recipe, resume: options.resume)
    // A finished student of a study has no checkpoints.
    if options.resume, let result = RunResult(path: folder.result), result.kind == kind.rawValue,
      FileManager.default.fileExists(atPath: folder.student),
      Checkpoint.newest(in: folder.checkpoints) == nil
    {
      return .finished(result.test, student: folder.student)
    }
    let common = try RunCommon(kind, file, options)
    let session = try RunSession(common, file.recipe, options)
    if !session.mustStop && !session.isComplete { try train(session, common) }
    guard session.isComplete, !session.mustStop else { return .stopped(step: session.done) }
    do {
      return .finished(try session.finish(), student: folder.student)
    } catch is CancellationError {
      return .stopped(step: session.done)
    }
  }

  private func train(_ session: RunSession, _ common: RunCommon) throws {
    let trainer = try common.trainer(
      from: session.done, steps: session.parts.steps, session.log, shouldStop: options.shouldStop)
    try trainer?.run([session.participant()]) { progress in
      try session.after(progress, progress.updates[0].result.get())
      return !session.mustStop && !options.shouldStop()
    }
    common.tellViews(session.log)
    try session.suspend()
  }
}
