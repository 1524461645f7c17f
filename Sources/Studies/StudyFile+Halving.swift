import FunMatchRecipes
import FunMatchSettings

extension StudyFile {
  /// Stopping the worst students early.
  public struct Halving: Settings {
    /// Updates after which students are ranked by their validation images, ascending.
    public var steps: [Int] = []
    /// Share of those that still train which goes on each time, in (0, 1).
    public var keep = 0.5

    /// Half of them go on.
    public init() {}

    /// Its keys.
    public static let keys: [Key<Halving>] = [
      Key(
        "steps", \.steps, "Steps after which students are ranked by their validation images.",
        isRequired: true),
      Key(
        "keep", \.keep, "Share of those that still train which goes on each time.",
        Limits(
          "must be between 0 and 1, such as 0.5",
          schema: ["exclusiveMinimum": 0, "exclusiveMaximum": 1]
        ) { $0 > 0 && $0 < 1 }),
    ]

    /// - Throws: `SettingsError` unless steps ascend.
    public func check(at key: String) throws {
      guard let first = steps.first, first > 0, zip(steps, steps.dropFirst()).allSatisfy(<) else {
        throw SettingsError(key + ".steps", "expected positive steps that ascend")
      }
    }
  }
}

extension StudyFile.Halving {
  /// Whether a student can be ranked at these steps.
  func checkRecipe(_ recipe: Recipe, _ student: String, in path: String) throws {
    guard recipe.shared.validation != nil else {
      throw RecipeError(
        "\(path): halving: student '\(student)' has no images under data.validation to be ranked by"
      )
    }
    let every = recipe.student.evaluateEvery
    if let step = steps.first(where: { !$0.isMultiple(of: every) }) {
      throw RecipeError(
        "\(path): halving.steps: \(step) must be a multiple of evaluation.every, which is \(every) "
          + "for student '\(student)'")
    }
  }

  /// Whether someone trains on after the last of these steps.
  func checkLengths(_ lengths: [Int], in path: String) throws {
    if let longest = lengths.max(), let step = steps.first(where: { $0 >= longest }) {
      throw RecipeError(
        "\(path): halving.steps: \(step) must be below the longest student's \(longest) steps")
    }
  }
}
