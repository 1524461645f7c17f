import FunMatchDistillation
import FunMatchRuns
import Logging

/// A student of a study in the training loop.
final class StudyMember: Participant {
  /// Its place in the study.
  let student: Int
  let session: RunSession
  /// Where its steps are shown.
  var table: StudyProgress?
  /// Called before it takes note of a step.
  var willTake: () -> Void = {}
  private let name: String
  private let states: StudyStates
  private let log: Logger

  init(
    _ student: Int, _ name: String, _ session: RunSession, _ states: StudyStates, _ log: Logger
  ) {
    (self.student, self.name, self.session) = (student, name, session)
    (self.states, self.log) = (states, log)
  }

  var learner: Learner { session.learner }
  var steps: Range<Int> { session.steps }

  /// Whether it has steps left.
  var isWaiting: Bool { states.result.students[student].state == .waiting }

  /// Takes note of what a step did to it. One that fails is left out, and the others go on.
  ///
  /// - Returns: false when the user wants to stop.
  func take(
    _ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress
  ) throws -> Bool {
    willTake()
    switch result {
    case .success(let update):
      _ = try session.take(result, progress)
      table?.note(student, step: progress.stepsDone, update)
      states.advance(student, to: progress.stepsDone)
      guard !session.mustStop else { return false }
      guard session.isComplete else { return true }
      table?.clear()
      return try finish()
    case .failure(let error):
      table?.clear()
      log.warning("\(name): \(error); the others go on")
      try states.fail(student, after: progress.stepsDone - 1, "\(error)")
      try session.fail()
      return true
    }
  }

  /// - Returns: false when the user wants to stop before that is done.
  func finish() throws -> Bool {
    do {
      _ = try session.finish()
    } catch is CancellationError {
      return false
    }
    session.removeCheckpoints()
    try states.finish(student, steps: session.done)
    return true
  }
}
