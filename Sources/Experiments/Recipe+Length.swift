import FunMatchOptimizers

extension Recipe {
  /// A schedule whose length is told in one of three ways.
  public struct Length: Codable, Sendable, Equatable {
    /// Passes over the training images.
    public var epochs: Double?
    /// Updates.
    public var steps: Int?
    /// Images shown.
    public var images: Int?
    /// Updates over which the rate rises.
    public var warmupSteps: Int
    /// How the rate falls.
    public var decay: Schedule.Decay
  }
}

extension Recipe.Length {
  private enum CodingKeys: String, CodingKey {
    case epochs, steps, images, warmupSteps, decay
  }

  /// Decodes with defaults: the paper's warm-up of the small data sets, cosine.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try keys.decodeIfPresent(Double.self, forKey: .epochs)
    steps = try keys.decodeIfPresent(Int.self, forKey: .steps)
    images = try keys.decodeIfPresent(Int.self, forKey: .images)
    warmupSteps = try keys.value(.warmupSteps, or: 1500)
    decay = try keys.value(.decay, or: .cosine)
  }

  /// Writes the two lengths that are not used as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(epochs, forKey: .epochs)
    try keys.encode(steps, forKey: .steps)
    try keys.encode(images, forKey: .images)
    try keys.encode(warmupSteps, forKey: .warmupSteps)
    try keys.encode(decay, forKey: .decay)
  }
}
