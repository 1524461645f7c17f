import FunMatchTorch

/// Supervised training: cross entropy to one-hot labels, smoothed if wanted, mixed as the images are.
public struct LabelLoss: Sendable {
  private let classes: Int
  private let smoothing: Double
  private let device: Device

  /// Labels are in 0 ..< classes.
  ///
  /// - Parameter smoothing: share of every label that is spread evenly over all classes, as
  ///   PyTorch's cross entropy and timm do it, in [0, 1).
  public init(classes: Int, smoothing: Double = 0, device: Device) {
    self.classes = classes
    self.smoothing = smoothing
    self.device = device
  }

  /// Mean cross entropy, a scalar.
  ///
  /// - Throws: `TrainingError` when an image has no label or one out of range.
  public func callAsFunction(_ logits: Tensor, _ batch: Batch) throws -> Tensor {
    -(try target(batch) * logits.logSoftmax()).sum([1]).mean()
  }

  /// Labels as probabilities (N, classes), mixed.
  private func target(_ batch: Batch) throws -> Tensor {
    let own = try oneHot(batch.labels, of: batch.indices)
    guard batch.lambda < 1 else { return own }
    let partner = try oneHot(batch.partnerLabels, of: batch.partners)
    return Mixup.mix(own, partner, lambda: batch.lambda)
  }

  private func oneHot(_ labels: [Int?], of images: [Int]) throws -> Tensor {
    let known = try zip(labels, images).map { label, image in
      guard let label, (0..<classes).contains(label) else {
        throw TrainingError(
          "image \(image) of the training data has no label in 0 ..< \(classes)")
      }
      return Int64(label)
    }
    let target = Tensor(known).oneHot(classes).to(.f32).to(device)
    return smoothing > 0 ? target * (1 - smoothing) + smoothing / Double(classes) : target
  }
}
