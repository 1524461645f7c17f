import FunMatchSettings

/// What labels are for, if they are for anything.
public struct LabelRecipe: Settings {
  /// Share of the loss of a distillation that comes from labels, in [0, 1]; the paper's is 0.
  public var alpha = 0.0
  /// Share of every label that is spread evenly over all classes, in [0, 1).
  public var smoothing = 0.0

  /// The paper's: none.
  public init() {}

  /// Its keys.
  public static let keys: [Key<LabelRecipe>] = [
    Key(
      "alpha", \.alpha,
      "Share of a distillation's loss that is cross entropy to labels; the paper's is 0.", .share),
    Key(
      "smoothing", \.smoothing, "Share of each label that is spread evenly over all classes.",
      .belowOne),
  ]
}
