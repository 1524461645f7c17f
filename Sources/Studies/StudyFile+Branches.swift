import FunMatchRecipes
import FunMatchSettings
import Yams

extension StudyFile {
  /// Lengths that share their beginning: the longest student is trained with a constant rate until it cools down, and each
  /// shorter one goes on from a state of it with a cool-down of its own.
  public struct Branches: Settings {
    /// The students' lengths in steps, cool-down included, ascending.
    public var at: [Int] = []
    /// The cool-down of each as a share of its length, in (0, 1).
    public var cooldown: Double?
    /// The cool-down of each in steps.
    public var cooldownSteps: Int?

    /// No lengths yet.
    public init() {}

    /// Its keys.
    public static let keys: [Key<Branches>] = [
      Key("at", \.at, "The students' lengths in steps, cool-down included.", isRequired: true),
      Key(
        "cooldown", \.cooldown, "The cool-down of each as a share of its length.",
        Limits(
          "must be between 0 and 1, such as 0.2",
          schema: ["exclusiveMinimum": 0, "exclusiveMaximum": 1]
        ) { $0 > 0 && $0 < 1 }, group: "cooldown"),
      Key(
        "cooldownSteps", \.cooldownSteps, "The cool-down of each in steps.", .positive,
        group: "cooldown"),
    ]

    /// - Throws: `SettingsError` unless lengths ascend and there is a cool-down.
    public func check(at key: String) throws {
      guard let first = at.first, first > 0, zip(at, at.dropFirst()).allSatisfy(<) else {
        throw SettingsError(key + ".at", "expected positive lengths that ascend")
      }
      guard cooldown != nil || cooldownSteps != nil else {
        throw SettingsError(key, "one of cooldown and cooldownSteps must be given")
      }
      if let cooldownSteps, cooldownSteps >= first {
        throw SettingsError(
          key + ".cooldownSteps", "must be below the shortest length, which is \(first)")
      }
    }
  }
}

extension StudyFile.Branches {
  /// The axis of lengths.
  var axis: StudyAxis {
    func edit(_ key: String, _ value: String, _ place: String) -> RecipeEdit {
      RecipeEdit(
        key: "schedule.\(key)", value: Node(value, .implicit, .plain), origin: "branch.\(place)")
    }
    let cooled =
      cooldown.map { edit("cooldownFraction", "\($0)", "cooldown") }
      ?? edit("cooldownSteps", "\(cooldownSteps ?? 0)", "cooldownSteps")
    return StudyAxis(
      key: "schedule.steps",
      points: at.map { length in
        ("\(length)", [edit("steps", "\(length)", "at"), edit("decay", "constant", "at"), cooled])
      })
  }
}
