import FunMatchTorch

/// Be close to what the teachers once said of each image, whatever the student sees of it now: the
/// paper's policies with a fixed teacher. Labels play no part.
public struct FixedObjective: Objective {
  private let targets: [FixedTargets]
  private let distance: Distance
  private let device: Device

  /// - Parameter targets: those of each teacher, at least one.
  public init(_ targets: [FixedTargets], _ distance: Distance, device: Device) {
    self.targets = targets
    self.distance = distance
    self.device = device
  }

  /// Each teacher's logits (N, classes) of the images. Where the student's images are mixed, the
  /// teacher's probabilities are, as labels would be.
  public func target(_ batch: Batch) -> [Tensor] {
    targets.map { targets in
      let logits = targets.logits(batch.indices).to(device)
      guard batch.lambda < 1 else { return logits }
      return FixedTargets.logarithm(Mixup.mix(logits.softmax(), lambda: batch.lambda))
    }
  }

  /// The sum over the teachers of the mean distance to each, a scalar.
  public func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    distance.total(student: logits, teachers: target)
  }
}
