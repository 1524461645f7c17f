import FunMatchTorch

/// Teachers that are asked in every step about the views that they are shown: the student's very own
/// under function matching.
public final class LiveTeachers: Teachers {
  /// Number of views that each was asked about so far.
  public private(set) var viewsAsked = 0
  private let teachers: [Teacher]

  /// Nobody is asked where there are none, as in supervised training.
  public init(_ teachers: [Teacher]) { self.teachers = teachers }

  /// Each teacher's logits (N, classes) of the images at its own resolution.
  ///
  /// - Throws: `TrainingError` when no views were drawn at a teacher's resolution.
  public func answers(_ batch: Batch, step: Int) throws -> [Tensor] {
    let answers = try teachers.map { teacher in
      guard let images = batch.teacher[teacher.resolution] else {
        throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
      }
      return teacher(images)
    }
    if !teachers.isEmpty { viewsAsked += batch.rows.count }
    return answers
  }
}
