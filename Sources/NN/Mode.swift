import FunMatchTorch

/// How a network is run, given to every forward pass so that none can be left in the wrong state.
public struct Mode: Hashable, Sendable {
  /// Whether the pass is recorded for gradients (and batch statistics are taken, where there are
  /// any).
  public var isTraining: Bool
  /// What convolutions compute in: f32, bf16 or f16. Parameters keep their own type, logits are
  /// always f32.
  public var precision: DType
  /// The processes that have batch statistics in common; `nil`: this one alone.
  public var group: ProcessGroup?

  /// A pass that gradients are taken of.
  public static func training(_ precision: DType, _ group: ProcessGroup? = nil) -> Mode {
    Mode(isTraining: true, precision: precision, group: group)
  }

  /// A pass for its logits alone.
  public static func evaluation(_ precision: DType) -> Mode {
    Mode(isTraining: false, precision: precision)
  }
}
