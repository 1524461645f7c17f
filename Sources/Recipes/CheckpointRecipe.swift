import FunMatchSettings

/// Saving the state.
public struct CheckpointRecipe: Settings {
  /// Steps between checkpoints.
  public var every = 500
  /// How many of the latest are kept.
  public var keep = 2
  /// Steps between those that are kept for good; `nil`: none is.
  public var keepEvery: Int?
  /// Whether the student that was best on the validation images is kept as a model file.
  public var best = false

  /// The defaults.
  public init() {}

  /// Its keys.
  public static let keys: [Key<CheckpointRecipe>] = [
    Key("every", \.every, "Steps between checkpoints.", .positive),
    Key("keep", \.keep, "How many of the latest are kept.", .positive),
    Key(
      "keepEvery", \.keepEvery, "Steps between those that are kept for good; null: none is.",
      .positive),
    Key("best", \.best, "Whether the student that was best on data.validation is kept, too."),
  ]

  /// Whether the state is saved after this step.
  package func isDue(_ step: Int) -> Bool { step.isMultiple(of: every) || isForGood(step) }

  /// Whether what is saved after this step is kept for good.
  package func isForGood(_ step: Int) -> Bool { keepEvery.map { step.isMultiple(of: $0) } ?? false }
}
