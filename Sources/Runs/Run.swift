import Foundation
import FunMatchDistillation
import FunMatchRecipes

/// One experiment from recipe to student, in a folder of its own that it can be resumed from.
public struct Run {
  let (kind, file, options, branch): (TrainingKind, RecipeFile, RunOptions, Branch?)

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
    var (file, begun, isFinished) = try begin(in: folder)
    guard !isFinished else {
      return .finished(RunResult(path: folder.result)?.test, student: folder.student)
    }
    let group = try TrainingGroup(
      kind, file.recipe.shared, path: file.path, begun, checking: [file.recipe.student])
    if let step = try makeTrunk(group, &file, &begun) { return .stopped(step: step) }
    let session = try RunSession(group, file.recipe, begun)
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
