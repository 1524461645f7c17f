extension StudyFile {
  /// Stopping the worst students early.
  public struct Halving: Codable, Sendable, Equatable {
    /// Updates after which students are ranked by their validation images, ascending.
    public let steps: [Int]
    /// Share of those that still train which goes on each time, in (0, 1).
    public let keep: Double
  }
}

extension StudyFile.Halving {
  private enum CodingKeys: String, CodingKey {
    case steps, keep
  }

  /// Decodes with defaults: half of them go on.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    steps = try keys.decode([Int].self, forKey: .steps)
    keep = try keys.value(.keep, or: 0.5)
  }

  /// - Throws: a sentence that names the key.
  func validate() throws {
    guard let first = steps.first, first > 0, zip(steps, steps.dropFirst()).allSatisfy(<) else {
      throw ExperimentError("halving.steps: expected positive steps that ascend")
    }
    guard keep > 0, keep < 1 else {
      throw ExperimentError("halving.keep: \(keep) must be between 0 and 1, such as 0.5")
    }
  }

  /// Whether a student can be ranked at these steps.
  func check(_ recipe: Recipe, _ student: String, in path: String) throws {
    guard recipe.data.validation != nil else {
      throw ExperimentError(
        "\(path): halving: student '\(student)' has no images under data.validation to be ranked by"
      )
    }
    let every = recipe.evaluation.every
    if let step = steps.first(where: { !$0.isMultiple(of: every) }) {
      throw ExperimentError(
        "\(path): halving.steps: \(step) must be a multiple of evaluation.every, which is \(every) "
          + "for student '\(student)'")
    }
  }

  /// Whether someone trains on after the last of these steps.
  func check(lengths: [Int], in path: String) throws {
    if let longest = lengths.max(), let step = steps.first(where: { $0 >= longest }) {
      throw ExperimentError(
        "\(path): halving.steps: \(step) must be below the longest student's \(longest) steps")
    }
  }
}
