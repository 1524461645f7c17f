import FunMatchSettings

/// Saving the state.
public struct CheckpointRecipe: Settings {
  /// Steps between checkpoints.
  public var every = 500
  /// How many of the latest are kept.
  public var keep = 2
  /// Steps between those that are kept for good; `nil`: none is.
  public var keepEvery: Int?
  /// Steps after which the state is saved and kept for good, such as those that runs branch from.
  public var at: [Int] = []
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
    Key(
      "at", \.at,
      "Steps after which the state is saved and kept for good, such as [1000, 3000], for --branch."),
    Key("best", \.best, "Whether the student that was best on data.validation is kept, too."),
  ]

  /// - Throws: `SettingsError` unless all steps are positive.
  public func check(at key: String) throws {
    guard at.allSatisfy({ $0 > 0 }) else {
      throw SettingsError(key + ".at", "expected positive steps, such as [1000, 3000]")
    }
  }

  /// Whether the state is saved after this step.
  package func isDue(_ step: Int) -> Bool { step.isMultiple(of: every) || isForGood(step) }

  /// Whether what is saved after this step is kept for good.
  package func isForGood(_ step: Int) -> Bool {
    keepEvery.map { step.isMultiple(of: $0) } == true || at.contains(step)
  }
}
