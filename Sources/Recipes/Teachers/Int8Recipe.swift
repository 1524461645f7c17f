import FunMatchSettings

/// Whether a teacher may compute in int8, and how near to its float self it has to stay.
public struct Int8Recipe: Settings {
  /// Whether `precision: auto` may take int8.
  public var allow = false
  /// Least share of views on which both have the same class, where float's two largest probabilities are more than 0.1
  /// apart.
  public var agreement = 0.95
  /// Most KL(float ‖ int8) in nats, in the mean over views.
  public var kl = 0.05

  /// Not by itself.
  public init() {}

  /// Its keys.
  public static let keys: [Key<Int8Recipe>] = [
    Key("allow", \.allow, "Whether `precision: auto` may take int8 for this teacher."),
    Key(
      "agreement", \.agreement,
      "Least share of views on which int8 and float have the same class, where float's margin is above 0.1.",
      .within(0...1)),
    Key("kl", \.kl, "Most KL(float ‖ int8), in nats.", .positive),
  ]
}
