extension Recipe {
  /// Evaluation during and after training.
  public struct Evaluations: Codable, Sendable, Equatable {
    /// Steps between evaluations on the validation images; the last step is always one.
    public var every: Int
    /// Images a forward pass.
    public var batchSize: Int
    /// Short side after resizing, in pixels; `nil`: what the paper uses for the student's
    /// resolution.
    public var resize: Int?
  }
}

extension Recipe.Evaluations {
  private enum CodingKeys: String, CodingKey {
    case every, batchSize, resize
  }

  /// The defaults.
  public init() {
    every = 1000
    batchSize = 250
    resize = nil
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    every = try keys.value(.every, or: every)
    batchSize = try keys.value(.batchSize, or: batchSize)
    resize = try keys.decodeIfPresent(Int.self, forKey: .resize)
  }

  /// Writes an absent size as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(every, forKey: .every)
    try keys.encode(batchSize, forKey: .batchSize)
    try keys.encode(resize, forKey: .resize)
  }
}
