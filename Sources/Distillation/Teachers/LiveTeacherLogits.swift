import FunMatchTorch

/// Logits that the teachers compute in every step, of what they are shown: the student's views in function matching.
public final class LiveTeacherLogits: TeacherLogits {
  /// Number of views that each teacher computed logits of.
  public internal(set) var viewCount = 0
  private let teachers: [Teacher]

  /// Of these teachers; of none in supervised training.
  public init(_ teachers: [Teacher]) { self.teachers = teachers }

  /// Each teacher's logits (N, classes) of the images at its own resolution.
  ///
  /// - Throws: `TrainingError` when no views were drawn at a teacher's resolution.
  public func logits(_ batch: Batch, step: Int) throws -> [Tensor] {
    viewCount += teachers.isEmpty ? 0 : batch.rows.count
    return try computed(batch)
  }

  func computed(_ batch: Batch) throws -> [Tensor] {
    try teachers.map { teacher in
      guard let images = batch.teacher[teacher.resolution] else {
        throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
      }
      return teacher(images)
    }
  }
}
