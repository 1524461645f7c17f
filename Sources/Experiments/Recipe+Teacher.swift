import FunMatchImages
import FunMatchModels
import FunMatchTorch

extension Recipe {
  /// A network that is asked.
  public struct Teacher: Codable, Sendable, Equatable {
    /// What it is read from.
    public enum Source: Sendable, Equatable {
      /// A file with its weights, relative to the recipe, then to `FUNMATCH_WEIGHTS`, and its shape,
      /// which may be left out where the file tells.
      case weights(String, ModelSpec?)
      /// A program.
      case program(Program, TorchProgram.Format)
    }

    /// What it is read from.
    public var source: Source
    /// Input size in pixels.
    public var resolution: Int
    /// How much it counts among several.
    public var weight: Double
    /// What its pixels are scaled to, if its file does not tell, or wrongly.
    public var input: InputScaling?

    /// The file that it is read from.
    var path: String {
      switch source {
      case .weights(let path, _): path
      case .program(let program, _): program.path
      }
    }
  }
}

extension Recipe.Teacher {
  private enum CodingKeys: String, CodingKey {
    case weights, model, torchscript, aotinductor, resolution, weight, input
  }

  /// Decodes with defaults; a program's size is in its input.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    // Null decodes as the text "null" otherwise.
    let weights = try keys.decodeIfPresent(String.self, forKey: .weights)
    let model = try keys.decodeIfPresent(ModelSpec.self, forKey: .model)
    let script = try keys.decodeIfPresent(Recipe.Program.self, forKey: .torchscript)
    let package = try keys.decodeIfPresent(Recipe.Program.self, forKey: .aotinductor)
    let resolution = try keys.decodeIfPresent(Int.self, forKey: .resolution)
    weight = try keys.value(.weight, or: 1)
    input = try keys.decodeIfPresent(InputScaling.self, forKey: .input)
    switch (weights, script, package) {
    case (let weights?, nil, nil):
      source = .weights(weights, model)
      self.resolution = try keys.decode(Int.self, forKey: .resolution)
      return
    case (nil, let program?, nil): source = .program(program, .torchScript)
    case (nil, nil, let program?): source = .program(program, .aotInductor)
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .weights, in: keys,
        debugDescription: "a teacher needs weights, torchscript or aotinductor, one of them")
    }
    let size = script?.input.size ?? package?.input.size ?? 0
    guard model == nil, input == nil, resolution ?? size == size else {
      throw DecodingError.dataCorruptedError(
        forKey: .resolution, in: keys,
        debugDescription:
          "a program's sides and scaling are in its own input, and it needs no model")
    }
    self.resolution = size
  }

  /// Writes what is absent as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch source {
    case .weights(let weights, let model):
      try keys.encode(weights, forKey: .weights)
      try keys.encode(model, forKey: .model)
      try keys.encode(input, forKey: .input)
    case .program(let program, let format):
      try keys.encode(program, forKey: format == .torchScript ? .torchscript : .aotinductor)
    }
    try keys.encode(resolution, forKey: .resolution)
    try keys.encode(weight, forKey: .weight)
  }

  /// - Throws: `ExperimentError` naming the key.
  func validate(_ key: String) throws {
    switch source {
    case .weights(_, let model):
      do {
        try model?.validate()
      } catch {
        throw ExperimentError("\(key).model: \(error)")
      }
    case .program(let program, let format):
      try program.validate(key + (format == .torchScript ? ".torchscript" : ".aotinductor"))
    }
    guard (1...EvaluationPreprocessing.largestSide).contains(resolution) else {
      throw ExperimentError(
        "\(key).resolution: \(resolution) must be positive and at most \(EvaluationPreprocessing.largestSide)"
      )
    }
    guard (1e-6...1e6).contains(weight) else {
      throw ExperimentError("\(key).weight: \(weight) must be between 1e-6 and 1e6")
    }
  }
}
