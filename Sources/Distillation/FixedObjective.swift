import FunMatchTorch

/// Be close to what the teachers once said of each image, whatever the student sees of it now: the
/// paper's policies with a fixed teacher. Labels play no part.
public struct FixedObjective: Objective {
  private let targets: [FixedTargets]
  private let closeness: EnsembleDistance
  private let device: Device

  /// - Parameters:
  ///   - targets: those of each teacher, at least one.
  ///   - ensemble: how several count; each distance once where nothing is said.
  public init(
    _ targets: [FixedTargets], _ distance: Distance, _ ensemble: Ensemble? = nil, device: Device
  ) {
    self.targets = targets
    closeness = EnsembleDistance(distance, ensemble ?? Ensemble(weights: targets.map { _ in 1 }))
    self.device = device
  }

  /// Each teacher's logits (N, classes) of the images, or their combination. Where the student's
  /// images are mixed, the teacher's probabilities are, as labels would be.
  public func target(_ batch: Batch) -> [Tensor] {
    closeness.target(
      targets.map { targets in
        let logits = targets.logits(batch.indices).to(device)
        guard batch.lambda < 1 else { return logits }
        let partner = targets.logits(batch.partners).to(device)
        return FixedTargets.logarithm(
          Mixup.mix(logits.softmax(), partner.softmax(), lambda: batch.lambda))
      })
  }

  /// The weighted sum over the teachers of the mean distance to each, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    closeness.loss(logits, target)
  }
}
