import Foundation
import FunMatchTorch

/// Teachers that compute the logits of the next step's views while the student learns from those of this one. The logits
/// are the same, and so is the student. It pays where networks are too small for all cores, and where another program has
/// some of them: then operators that are spread over cores wait for the slowest.
public final class TeachersAhead: TeacherLogits {
  private let teachers: LiveTeacherLogits
  private let steps: Int
  private let batch: @Sendable (_ step: Int) throws -> Batch
  private let queue = DispatchQueue(label: "funmatch.teachers", qos: .userInitiated)
  private var next: Ahead?

  /// - Parameters:
  ///   - teachers: compute on another thread than the student.
  ///   - steps: how many there are in all; nothing is computed beyond them.
  ///   - batch: all of a step's images, mixed. Called on another thread, once a step.
  public init(
    _ teachers: LiveTeacherLogits, steps: Int,
    batch: @escaping @Sendable (_ step: Int) throws -> Batch
  ) {
    (self.teachers, self.steps, self.batch) = (teachers, steps, batch)
  }

  // Nothing may compute when the process ends.
  deinit { next?.wait() }

  /// Each teacher's logits (N, classes) of a whole batch. Begins those of the next step.
  ///
  /// - Throws: what reading its images threw, and `TrainingError` when they lack a teacher's resolution.
  public func logits(_ batch: Batch, step: Int) throws -> [Tensor] {
    let logits: [Tensor]
    if let next, next.step == step {
      logits = try next.logits()
      teachers.viewCount += batch.rows.count
    } else {
      next?.wait()
      logits = try teachers.logits(batch, step: step)
    }
    next = nil
    if step + 1 < steps {
      next = Ahead(step + 1, on: queue) { [teachers, batch = self.batch] in
        try teachers.computed(batch(step + 1))
      }
    }
    return logits
  }

  /// What another thread computes, and this one waits for.
  private final class Ahead: @unchecked Sendable {
    let step: Int
    private var result: Result<[Tensor], any Error>?
    private let group = DispatchGroup()

    init(_ step: Int, on queue: DispatchQueue, _ compute: @escaping () throws -> [Tensor]) {
      self.step = step
      queue.async(
        group: group, execute: DispatchWorkItem { self.result = Result(catching: compute) })
    }

    func wait() { group.wait() }

    func logits() throws -> [Tensor] {
      wait()
      guard let result else { throw CancellationError() }
      return try result.get()
    }
  }
}
