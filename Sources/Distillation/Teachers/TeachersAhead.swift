import FunMatchFiles
import FunMatchTorch

/// Teachers that compute the logits of the next step's views while the student learns from those of this one. The logits
/// are the same, and so is the student. It pays where networks are too small for all cores, and where another program has
/// some of them: then operators that are spread over cores wait for the slowest.
public final class TeachersAhead: TeacherLogits {
  private let teachers: LiveTeacherLogits
  private let steps: Int
  private let batch: @Sendable (_ step: Int) throws -> Batch
  private let thread = WorkerThread()
  private var next: Ahead?

  /// - Parameters:
  ///   - teachers: compute on another thread than the student, where the system has one.
  ///   - steps: how many there are in all; nothing is computed beyond them.
  ///   - batch: all of a step's images, mixed. Called once a step, on that thread.
  public init(
    _ teachers: LiveTeacherLogits, steps: Int,
    batch: @escaping @Sendable (_ step: Int) throws -> Batch
  ) {
    (self.teachers, self.steps, self.batch) = (teachers, steps, batch)
  }

  /// Each teacher's logits (N, classes) of a whole batch. Begins those of the next step.
  ///
  /// - Throws: what reading its images threw, and `TrainingError` when they lack a teacher's resolution.
  public func logits(_ batch: Batch, step: Int) throws -> [Tensor] {
    let logits: [Tensor]
    if let next, next.step == step {
      thread.wait()
      guard let result = next.result else { throw CancellationError() }
      logits = try result.get()
      teachers.viewCount += batch.rows.count
    } else {
      thread.wait()
      logits = try teachers.logits(batch, step: step)
    }
    next = nil
    if step + 1 < steps {
      let ahead = Ahead(step: step + 1)
      thread.begin { [teachers, batch = self.batch] in
        ahead.result = Result { try teachers.computed(batch(step + 1)) }
      }
      next = ahead
    }
    return logits
  }

  /// What the thread computes.
  private final class Ahead {
    let step: Int
    var result: Result<[Tensor], any Error>?

    init(step: Int) { self.step = step }
  }
}
