import FunMatchModels

extension Recipe {
  /// A network that is asked.
  public struct Teacher: Codable, Sendable, Equatable {
    /// A file with its weights, relative to the recipe, then to `FUNMATCH_WEIGHTS`.
    public var weights: String
    /// Its shape; may be left out where the weights are a model file of this tool.
    public var model: ModelSpec?
    /// Input size in pixels.
    public var resolution: Int
    /// How much it counts among several.
    public var weight: Double
  }
}

extension Recipe.Teacher {
  private enum CodingKeys: String, CodingKey {
    case weights, model, resolution, weight
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    // Null decodes as the text "null" otherwise.
    guard let weights = try keys.decodeIfPresent(String.self, forKey: .weights) else {
      throw DecodingError.dataCorruptedError(
        forKey: .weights, in: keys, debugDescription: "a teacher needs weights")
    }
    self.weights = weights
    model = try keys.decodeIfPresent(ModelSpec.self, forKey: .model)
    resolution = try keys.decode(Int.self, forKey: .resolution)
    weight = try keys.value(.weight, or: 1)
  }

  /// Writes an absent model as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(weights, forKey: .weights)
    try keys.encode(model, forKey: .model)
    try keys.encode(resolution, forKey: .resolution)
    try keys.encode(weight, forKey: .weight)
  }
}
