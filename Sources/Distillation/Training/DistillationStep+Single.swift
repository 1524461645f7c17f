import FunMatchViews

extension DistillationStep {
  /// Makes update `step` of one student, 0 being the first.
  ///
  /// - Throws: `TrainingError` when loss, gradient or new weights are not finite, naming the step, 1
  ///   being the first.
  @discardableResult
  public func callAsFunction(
    _ views: ImageBatch, step: Int, _ learner: Learner
  ) throws -> Learner.Update {
    try self(views, step: step, [learner])[0].get()
  }
}
