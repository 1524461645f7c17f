extension Recipe {
  /// Saving the state.
  public struct Checkpoints: Codable, Sendable, Equatable {
    /// Steps between checkpoints.
    public var every: Int
    /// How many of the latest are kept.
    public var keep: Int
  }
}

extension Recipe.Checkpoints {
  /// The defaults.
  public init() {
    every = 500
    keep = 2
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    every = try keys.value(.every, or: every)
    keep = try keys.value(.keep, or: keep)
  }
}
