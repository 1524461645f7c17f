import FunMatchTorch

/// Be close to what the teachers say of the views that they are shown: the student's very own under
/// function matching. Labels play no part.
///
/// With several teachers the distances to each are added (big_vision
/// `trainers/proj/distill/distill.py`, `loss_fn`).
public struct TeacherObjective: Objective {
  private let teachers: [Teacher]
  private let distance: Distance

  /// At least one teacher.
  public init(_ teachers: [Teacher], _ distance: Distance) {
    self.teachers = teachers
    self.distance = distance
  }

  /// Each teacher's logits (N, classes) of the images at its own resolution.
  ///
  /// - Throws: `TrainingError` when no views were drawn at a teacher's resolution.
  public func target(_ batch: Batch) throws -> [Tensor] {
    try teachers.map { teacher in
      guard let images = batch.teacher[teacher.resolution] else {
        throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
      }
      return teacher(images)
    }
  }

  /// The sum over the teachers of the mean distance to each, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    distance.total(student: logits, teachers: target)
  }
}
