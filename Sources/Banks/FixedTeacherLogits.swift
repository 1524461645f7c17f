import FunMatchDistillation
import FunMatchTorch

/// Teachers' logits that were computed once for each image, whatever the student sees of it now: the paper's policies
/// with a fixed teacher.
public struct FixedTeacherLogits: TeacherLogits {
  private let targets: [FixedTargets]
  private let device: Device

  /// - Parameter targets: those of each teacher, complete.
  public init(_ targets: [FixedTargets], device: Device) {
    self.targets = targets
    self.device = device
  }

  /// Each teacher's logits (N, classes) of the images. Where the student's images are mixed, the
  /// teacher's probabilities are, as labels would be.
  ///
  /// - Throws: `FileError` when they can no longer be read.
  public func logits(_ batch: Batch, step: Int) throws -> [Tensor] {
    try targets.map { targets in
      let logits = try targets.logits(batch.indices).to(device)
      guard batch.lambda < 1 else { return logits }
      let partner = try targets.logits(batch.partners).to(device)
      return Mixup.mix(logits.softmax(), partner.softmax(), lambda: batch.lambda).logProbabilities
    }
  }
}
