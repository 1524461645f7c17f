import FunMatchModels

extension Recipe {
  /// The network that is trained.
  public struct Student: Codable, Sendable, Equatable {
    /// A file with the weights that it starts from, relative to the recipe, then to
    /// `FUNMATCH_WEIGHTS`; `nil`: fresh ones.
    public var weights: String?
    /// Its shape; may be left out where the weights are a model file of this tool.
    public var model: ModelSpec?
    /// Input size in pixels.
    public var resolution: Int
    /// What becomes of the head that came with `weights`.
    public var head: Head
    /// Parameters that stay as they are, by names in which `*` stands for anything.
    public var frozen: [String]
    /// What its pixels are scaled to; `nil`: what the file of weights tells, or its family's usual.
    public var input: InputScaling?
  }
}

extension Recipe.Student {
  /// What becomes of a head.
  public enum Head: String, Codable, Sendable, CaseIterable {
    /// It goes on learning; it must have as many classes as the teachers or labels.
    case keep
    /// A new one of zeros takes its place.
    case reset
  }

  private enum CodingKeys: String, CodingKey {
    case weights, model, resolution, head, frozen, input
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    weights = try keys.decodeIfPresent(String.self, forKey: .weights)
    model = try keys.decodeIfPresent(ModelSpec.self, forKey: .model)
    resolution = try keys.decode(Int.self, forKey: .resolution)
    head = try keys.value(.head, or: .keep)
    if let pattern = try? keys.decode(String.self, forKey: .frozen) {
      frozen = [pattern]
    } else {
      frozen = try keys.value(.frozen, or: [])
    }
    input = try keys.decodeIfPresent(InputScaling.self, forKey: .input)
  }

  /// Writes absent weights, model and input as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(weights, forKey: .weights)
    try keys.encode(model, forKey: .model)
    try keys.encode(resolution, forKey: .resolution)
    try keys.encode(head, forKey: .head)
    try keys.encode(frozen, forKey: .frozen)
    try keys.encode(input, forKey: .input)
  }
}
