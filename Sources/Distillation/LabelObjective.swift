import FunMatchTorch

/// Supervised training: cross entropy to one-hot labels, mixed as the images are.
public struct LabelObjective: Objective {
  private let classes: Int
  private let device: Device

  /// Labels are in 0 ..< classes.
  public init(classes: Int, device: Device) {
    self.classes = classes
    self.device = device
  }

  /// One-hot labels (N, classes), mixed.
  ///
  /// - Throws: `TrainingError` when an image has no label or one out of range.
  public func target(_ batch: Batch) throws -> [Tensor] {
    let labels = try batch.labels.map { label in
      guard let label, (0..<classes).contains(label) else {
        throw TrainingError("an image has no label in 0 ..< \(classes); training needs labels")
      }
      return Int64(label)
    }
    let oneHot = Tensor(labels).oneHot(classes).to(.f32).to(device)
    return [Mixup.mix(oneHot, lambda: batch.lambda)]
  }

  /// Mean cross entropy, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    -(target[0] * logits.logSoftmax()).sum([1]).mean()
  }
}
