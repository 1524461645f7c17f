import FunMatchTorch

/// Whoever is asked about the images of a batch.
public protocol Teachers {
  /// What each says: logits (N, classes), f32 on the device; no gradient flows through them.
  ///
  /// - Parameter step: which update the batch is of, 0 being the first.
  /// - Throws: `TrainingError` when the batch lacks what is needed.
  func answers(_ batch: Batch, step: Int) throws -> [Tensor]
}
