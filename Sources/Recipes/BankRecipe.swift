import FunMatchSettings

/// The teachers' logits of each batch, kept on disk for later runs, and for later passes over the same views.
public struct BankRecipe: Settings {
  /// Number formats that logits are stored in.
  public enum Precision: String, SettingName {
    /// 11 significant bits, up to ±65504.
    case f16
    /// All of it.
    case f32
  }

  /// Passes over the training images after which views, and their mixtures, repeat; `nil`: they
  /// never do.
  public var epochs: Double?
  /// What logits are stored in.
  public var precision = Precision.f16

  /// Views never repeat.
  public init() {}

  /// Its keys.
  public static let keys: [Key<BankRecipe>] = [
    Key(
      "epochs", \.epochs,
      "Passes over the training images after which views and their mixtures repeat, rounded to whole steps; null: never.",
      .positive),
    Key("precision", \.precision, "What logits are stored in: 2 or 4 bytes each."),
  ]
}
