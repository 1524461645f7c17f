import FunMatchTorch

/// Function matching: be close to what the teachers say of the very same views. Labels play no
/// part.
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
      guard let images = batch.images[teacher.resolution] else {
        throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
      }
      return teacher(images)
    }
  }

  /// The sum over the teachers of the mean distance to each, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    target.dropFirst().reduce(distance(student: logits, teacher: target[0]).mean()) {
      $0 + distance(student: logits, teacher: $1).mean()
    }
  }
}
