import FunMatchModels

extension Recipe {
  /// A network and its input.
  public struct Network: Codable, Sendable, Equatable {
    /// A file with its weights, relative to the recipe, then to `FUNMATCH_WEIGHTS`; `nil`: fresh
    /// ones.
    public var weights: String?
    /// Its shape; may be left out where the weights are a model file of this tool.
    public var model: ModelSpec?
    /// Input size in pixels.
    public var resolution: Int
  }
}

extension Recipe.Network {
  /// Writes absent weights and model as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(weights, forKey: .weights)
    try keys.encode(model, forKey: .model)
    try keys.encode(resolution, forKey: .resolution)
  }
}
