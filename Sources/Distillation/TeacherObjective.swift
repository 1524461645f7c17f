import FunMatchTorch

/// Be close to what the teachers say of the views that they are shown: the student's very own under
/// function matching. Labels play no part.
///
/// With several teachers the distances to each are added, unless they are combined first (big_vision
/// `trainers/proj/distill/distill.py`, `loss_fn`).
public struct TeacherObjective: Objective {
  private let teachers: [Teacher]
  private let closeness: EnsembleDistance

  /// At least one teacher.
  ///
  /// - Parameter ensemble: how several count; each distance once where nothing is said.
  public init(_ teachers: [Teacher], _ distance: Distance, _ ensemble: Ensemble? = nil) {
    self.teachers = teachers
    closeness = EnsembleDistance(
      distance, ensemble ?? Ensemble(weights: teachers.map { _ in 1 }))
  }

  /// Each teacher's logits (N, classes) of the images at its own resolution, or their combination.
  ///
  /// - Throws: `TrainingError` when no views were drawn at a teacher's resolution.
  public func target(_ batch: Batch) throws -> [Tensor] {
    closeness.target(
      try teachers.map { teacher in
        guard let images = batch.teacher[teacher.resolution] else {
          throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
        }
        return teacher(images)
      })
  }

  /// The weighted sum over the teachers of the mean distance to each, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    closeness.loss(logits, target)
  }
}
