import Foundation
import FunMatchDistillation
import FunMatchRecipes

/// One experiment from recipe to student, in a folder of its own that it can be resumed from.
public struct Run {
  /// How a run ended.
  public enum Outcome: Sendable {
    /// All steps are made; with the student's figures on the test images, if the recipe names some,
    /// and its file.
    case finished(Comparison?, student: String)
    /// A signal ended it after this step; `--resume` goes on.
    case stopped(step: Int)
  }

  let (kind, file, options): (TrainingKind, RecipeFile, RunOptions)
  private let branch: Branch?

  /// Nothing is read or written yet.
  ///
  /// - Parameter branch: what it goes on from, if it is no run with a beginning of its own.
  public init(
    _ kind: TrainingKind, _ file: RecipeFile, _ options: RunOptions, branch: Branch? = nil
  ) {
    (self.kind, self.file, self.options, self.branch) = (kind, file, options, branch)
  }

  /// Makes all steps, or those that are left.
  ///
  /// - Throws: an error with one sentence on what was wrong; the last checkpoint is whole whatever
  ///   happens.
  public func callAsFunction() throws -> Outcome {
    let folder = RunFolder(options.output)
    defer { options.removeScratch() }
    try options.checkSame(
      "recipe", RecipeFile.text(file.recipe), difference: RecipeText.difference)
    var begun = options
    begun.resume = options.resume || branch != nil
    let file = try settled(in: folder)
    let isFinished = try options.shared {
      let count: RunFolder.ImageCount = { try $0.count(in: options.datasets) }
      try branch?.begin(folder, file, kind, options, count)
      try folder.check(file, resume: begun.resume, imageCount: count)
      return begun.resume && folder.isFinished(kind: kind.rawValue)
    }
    if isFinished {
      return .finished(RunResult(path: folder.result)?.test, student: folder.student)
    }
    begun.chosen = try EngineChoice.kept(in: folder, kind, options.registry)
    let group = try TrainingGroup(
      kind, file.recipe.shared, path: file.path, begun, checking: [file.recipe.student])
    var recipe = file.recipe
    if let step = try makeTrunk(group, &recipe, &begun) { return .stopped(step: step) }
    let session = try RunSession(group, recipe, begun)
    if !session.mustStop && !session.isComplete { try train(session, group) }
    guard session.isComplete, !session.mustStop else { return .stopped(step: session.done) }
    do {
      return .finished(try session.finish(), student: folder.student)
    } catch is CancellationError {
      return .stopped(step: session.done)
    }
  }

  private func train(_ session: RunSession, _ group: TrainingGroup) throws {
    let trainer = try group.trainer(
      from: session.done, steps: session.training.steps, session.log,
      shouldStop: options.shouldStop)
    try trainer?.run([session]) { _ in !options.shouldStop() }
    group.reportViews(to: session.log)
    try session.suspend()
  }
}
