import FunMatchTorch

/// Classic distillation (Hinton et al. 2015): some of the loss comes from the teachers, the rest from
/// labels. The paper uses no labels.
public struct BlendedObjective: Objective {
  private let teachers: any Objective
  private let labels: LabelObjective
  private let alpha: Double

  /// (1 - alpha) · the teachers' loss + alpha · cross entropy to the labels.
  ///
  /// - Parameter alpha: in [0, 1].
  public init(_ teachers: any Objective, _ labels: LabelObjective, alpha: Double) {
    self.teachers = teachers
    self.labels = labels
    self.alpha = alpha
  }

  /// What the teachers say, and at the end the labels.
  ///
  /// - Throws: `TrainingError` when an image has no label, or what the teachers' objective throws.
  public func target(_ batch: Batch) throws -> [Tensor] {
    try teachers.target(batch) + labels.target(batch)
  }

  /// Both losses with their shares, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    teachers.loss(logits, Array(target.dropLast())) * (1 - alpha)
      + labels.loss(logits, Array(target.suffix(1))) * alpha
  }
}
