import FunMatchNN
import FunMatchOptimizers

extension Recipe {
  /// How weights are updated: a map with the optimiser as its one key.
  public enum Optimizer: Sendable, Equatable {
    /// The official chain.
    case adam(AdamConfiguration)
    /// PyTorch's: the decay is multiplied by the learning rate.
    case adamW(AdamConfiguration)
    case sgd(SGDConfiguration)
    case shampoo(ShampooConfiguration)
  }
}

extension Recipe.Optimizer {
  /// Its name in recipes.
  var name: String {
    switch self {
    case .adam: "adam"
    case .adamW: "adamW"
    case .sgd: "sgd"
    case .shampoo: "shampoo"
    }
  }

  /// Multiplies what the optimiser makes of a gradient.
  public var learningRate: Double {
    switch self {
    case .adam(let settings), .adamW(let settings): settings.learningRate
    case .sgd(let settings): settings.learningRate
    case .shampoo(let settings): settings.learningRate
    }
  }

  /// The optimiser of these parameters, before its first update.
  public func make(_ parameters: [Parameter]) -> any FunMatchOptimizers.Optimizer {
    switch self {
    case .adam(let settings): Adam(parameters, settings)
    case .adamW(let settings): Adam(parameters, settings, decay: .timesLearningRate)
    case .sgd(let settings): SGD(parameters, settings)
    case .shampoo(let settings): Shampoo(parameters, settings)
    }
  }

  func validate() throws {
    switch self {
    case .adam(let settings): try Self.validate(settings, "adam")
    case .adamW(let settings): try Self.validate(settings, "adamW")
    case .sgd(let settings):
      try Self.check(
        "sgd",
        notNegative: [
          ("learningRate", settings.learningRate), ("weightDecay", settings.weightDecay),
          ("clipNorm", settings.clipNorm),
        ], belowOne: [("momentum", settings.momentum)])
    case .shampoo(let settings):
      try Self.check(
        "shampoo",
        notNegative: [
          ("learningRate", settings.learningRate), ("weightDecay", settings.weightDecay),
          ("clipNorm", settings.clipNorm),
        ], belowOne: [("beta1", settings.beta1)])
      for (key, value) in [
        ("epsilon", settings.epsilon), ("graftingEpsilon", settings.graftingEpsilon),
      ] where !(value > 0 && Float(value) > 0 && value.isFinite) {
        throw ExperimentError("optimizer.shampoo.\(key): \(value) must be positive")
      }
      guard settings.beta2 > 0, settings.beta2 <= 1 else {
        throw ExperimentError(
          "optimizer.shampoo.beta2: \(settings.beta2) must be above 0 and at most 1")
      }
      for (key, value, least) in [
        ("blockSize", settings.blockSize, 1),
        ("preconditionEvery", settings.preconditionEvery, 1), ("startStep", settings.startStep, 0),
      ] where value < least {
        throw ExperimentError("optimizer.shampoo.\(key): \(value) must be at least \(least)")
      }
    }
  }

  private static func validate(_ settings: AdamConfiguration, _ name: String) throws {
    try check(
      name,
      notNegative: [
        ("learningRate", settings.learningRate), ("weightDecay", settings.weightDecay),
        ("clipNorm", settings.clipNorm), ("epsilon", settings.epsilon),
      ], belowOne: [("beta1", settings.beta1), ("beta2", settings.beta2)])
    guard Float(settings.epsilon) > 0 else {
      throw ExperimentError("optimizer.\(name).epsilon: \(settings.epsilon) must be positive")
    }
  }

  private static func check(
    _ name: String, notNegative: [(String, Double)], belowOne: [(String, Double)]
  ) throws {
    for (key, value) in notNegative where !(value >= 0 && Float(value).isFinite) {
      throw ExperimentError(
        "optimizer.\(name).\(key): \(value) must not be negative, and within single precision")
    }
    for (key, value) in belowOne where !(0..<1).contains(value) {
      throw ExperimentError("optimizer.\(name).\(key): \(value) must be in 0 ..< 1")
    }
  }
}

extension Recipe.Optimizer: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case adam, adamW, sgd, shampoo
  }

  /// Decodes the map, or a name alone; what is left out of an optimiser's settings has its defaults.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      let plain: [String: Self] = [
        "adam": .adam(AdamConfiguration()), "adamW": .adamW(.adamW),
        "sgd": .sgd(SGDConfiguration()), "shampoo": .shampoo(ShampooConfiguration()),
      ]
      guard let known = plain[name] else { throw Self.unknown(decoder) }
      self = known
      return
    }
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    guard keys.allKeys.count == 1, let key = keys.allKeys.first else {
      throw Self.unknown(decoder)
    }
    switch key {
    case .adam: self = .adam(try keys.decode(AdamConfiguration.self, forKey: key))
    case .adamW:
      self = .adamW(
        try AdamConfiguration(from: keys.superDecoder(forKey: key), defaults: .adamW))
    case .sgd: self = .sgd(try keys.decode(SGDConfiguration.self, forKey: key))
    case .shampoo: self = .shampoo(try keys.decode(ShampooConfiguration.self, forKey: key))
    }
  }

  private static func unknown(_ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(
      .init(
        codingPath: decoder.codingPath,
        debugDescription: "expected one optimiser: "
          + CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")))
  }

  /// Writes the map.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .adam(let settings): try keys.encode(settings, forKey: .adam)
    case .adamW(let settings): try keys.encode(settings, forKey: .adamW)
    case .sgd(let settings): try keys.encode(settings, forKey: .sgd)
    case .shampoo(let settings): try keys.encode(settings, forKey: .shampoo)
    }
  }
}
