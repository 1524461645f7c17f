import FunMatchTorch

/// Classic distillation (Hinton et al. 2015): some of the loss comes from the teachers, the rest from
/// labels. The paper uses no labels.
public struct BlendedObjective: Objective {
  private let teachers: DistanceObjective
  private let labels: LabelObjective
  private let alpha: Double

  /// (1 - alpha) · the distance to the teachers + alpha · cross entropy to the labels.
  ///
  /// - Parameter alpha: in [0, 1].
  public init(_ teachers: DistanceObjective, _ labels: LabelObjective, alpha: Double) {
    self.teachers = teachers
    self.labels = labels
    self.alpha = alpha
  }

  /// Both losses with their shares, a scalar.
  ///
  /// - Throws: `TrainingError` when an image has no label.
  public func loss(_ logits: Tensor, _ answers: [Tensor], _ batch: Batch) throws -> Tensor {
    try teachers.loss(logits, answers, batch) * (1 - alpha)
      + labels.loss(logits, answers, batch) * alpha
  }
}
