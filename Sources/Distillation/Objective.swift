import FunMatchTorch

/// What a network is trained for.
public protocol Objective {
  /// What the logits of a batch shall come close to; no gradient flows through it.
  ///
  /// - Throws: `TrainingError` when the batch lacks what is needed.
  func target(_ batch: Batch) throws -> [Tensor]
  /// Mean loss over the batch, a scalar, of logits (N, classes).
  func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor
}
