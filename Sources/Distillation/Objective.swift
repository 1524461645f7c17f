import FunMatchTorch

/// What a network is trained for.
public protocol Objective: Sendable {
  /// Mean loss over the batch, a scalar.
  ///
  /// - Parameters:
  ///   - logits: what the student says of the batch, (N, classes).
  ///   - answers: what each teacher says of it, (N, classes).
  /// - Throws: `TrainingError` when the batch lacks what is needed.
  func loss(_ logits: Tensor, _ answers: [Tensor], _ batch: Batch) throws -> Tensor
}
