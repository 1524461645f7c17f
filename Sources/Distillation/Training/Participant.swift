/// A student in the training loop.
public protocol Participant: AnyObject {
  /// The student with its optimizer.
  var learner: Learner { get }
  /// The updates that it still has to make, 0 being the first of all.
  var steps: Range<Int> { get }
  /// Takes note of what an update did, or why it was not made: the student then takes part no longer.
  ///
  /// - Returns: false to end the loop after this step.
  /// - Throws: what cannot be mended; all others take note of the step before the loop ends.
  func take(_ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress) throws
    -> Bool
}
