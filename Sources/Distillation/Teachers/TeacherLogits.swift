import FunMatchTorch

/// Where the teachers' logits of a batch come from: from the networks, or from the disk.
public protocol TeacherLogits {
  /// Each teacher's logits (N, classes), f32 on the device; no gradient flows through them.
  ///
  /// - Parameter step: which update the batch is of, 0 being the first.
  /// - Throws: `TrainingError` when the batch lacks what is needed.
  func logits(_ batch: Batch, step: Int) throws -> [Tensor]
}
