extension Recipe {
  /// Saving the state.
  public struct Checkpoints: Codable, Sendable, Equatable {
    /// Steps between checkpoints.
    public var every: Int
    /// How many of the latest are kept.
    public var keep: Int
    /// Steps between those that are kept for good; `nil`: none is.
    public var keepEvery: Int?
    /// Whether the student that was best on the validation images is kept as a model file.
    public var best: Bool
  }
}

extension Recipe.Checkpoints {
  private enum CodingKeys: String, CodingKey {
    case every, keep, keepEvery, best
  }

  /// The defaults.
  public init() {
    every = 500
    keep = 2
    keepEvery = nil
    best = false
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    every = try keys.value(.every, or: every)
    keep = try keys.value(.keep, or: keep)
    keepEvery = try keys.decodeIfPresent(Int.self, forKey: .keepEvery)
    best = try keys.value(.best, or: best)
  }

  /// Writes an absent number as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(every, forKey: .every)
    try keys.encode(keep, forKey: .keep)
    try keys.encode(keepEvery, forKey: .keepEvery)
    try keys.encode(best, forKey: .best)
  }

  /// Whether the state is saved after this step.
  func isDue(_ step: Int) -> Bool { step.isMultiple(of: every) || isForGood(step) }

  /// Whether what is saved after this step is kept for good.
  func isForGood(_ step: Int) -> Bool { keepEvery.map { step.isMultiple(of: $0) } ?? false }

  func validate() throws {
    for (key, value) in [("every", every), ("keep", keep), ("keepEvery", keepEvery ?? 1)] {
      guard value > 0 else {
        throw ExperimentError("checkpoints.\(key): \(value) must be positive")
      }
    }
  }
}
