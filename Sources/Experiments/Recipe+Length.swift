import FunMatchOptimizers

extension Recipe {
  /// A schedule as recipes tell it: its length in one of three ways, the times of warm-up and
  /// cool-down likewise.
  public struct Length: Sendable, Equatable {
    /// Passes over the training images.
    public var epochs: Double?
    /// Updates.
    public var steps: Int?
    /// Images shown.
    public var images: Int?
    /// Over which the rate rises.
    public var warmup: Span
    /// At the end, over which it falls to 0, whatever `decay` does.
    public var cooldown: Span
    /// How the rate falls.
    public var decay: Decay
  }
}

extension Recipe.Length {
  /// A part of a run.
  public enum Span: Sendable, Equatable {
    /// Updates.
    case steps(Int)
    /// Passes over the training images.
    case epochs(Double)
    /// Share of the whole run, in [0, 1].
    case fraction(Double)
  }

  /// Keys of which a recipe has at most one; the three of a group mean the same in different units.
  static let alternatives = [
    ["epochs", "steps", "images"], ["warmupSteps", "warmupEpochs", "warmupFraction"],
    ["cooldownSteps", "cooldownEpochs", "cooldownFraction"],
  ]

  func validate() throws {
    for (name, span) in [("warmup", warmup), ("cooldown", cooldown)] {
      switch span {
      case .steps(let steps) where steps < 0:
        throw ExperimentError("schedule.\(name)Steps: \(steps) must not be negative")
      case .epochs(let epochs) where !(epochs >= 0 && epochs.isFinite):
        throw ExperimentError("schedule.\(name)Epochs: \(epochs) must not be negative")
      case .fraction(let share) where !(0...1).contains(share):
        throw ExperimentError("schedule.\(name)Fraction: \(share) must be in 0 ... 1")
      default: break
      }
    }
    try decay.validate()
  }
}

extension Recipe {
  /// Number of updates of the whole run.
  ///
  /// Epochs and images are rounded to the nearest step (big_vision `utils.py`, `steps`).
  ///
  /// - Parameter imageCount: number of training images.
  /// - Throws: `ExperimentError` unless exactly one positive length is given.
  public func steps(imageCount: Int) throws -> Int {
    let lengths = [
      schedule.steps.map(Double.init), schedule.images.map { Double($0) / Double(batchSize) },
      schedule.epochs.map { steps(epochs: $0, imageCount) },
    ].compactMap { $0 }
    guard lengths.count == 1, let length = lengths.first else {
      throw ExperimentError("schedule: exactly one of epochs, steps and images must be given")
    }
    guard length > 0, length < 1e12 else {
      throw ExperimentError("schedule: its length must be positive and below 1e12 steps")
    }
    return max(1, Int(length.rounded(.toNearestOrEven)))
  }

  /// The schedule of learning rate and weight decay.
  ///
  /// - Throws: as `steps(imageCount:)` does.
  public func multipliers(imageCount: Int) throws -> Schedule {
    let total = try steps(imageCount: imageCount)
    func length(_ span: Length.Span) -> Int {
      let exact =
        switch span {
        case .steps(let steps): Double(steps)
        case .epochs(let epochs): steps(epochs: epochs, imageCount)
        case .fraction(let share): share * Double(total)
        }
      // A little is at least one step, as in the official trainer.
      return exact > 0 ? max(1, Int(min(exact, 1e12).rounded(.toNearestOrEven))) : 0
    }
    return Schedule(
      totalSteps: total, warmupSteps: length(schedule.warmup),
      cooldownSteps: length(schedule.cooldown), decay: schedule.decay.over(total))
  }

  private func steps(epochs: Double, _ imageCount: Int) -> Double {
    epochs * Double(imageCount) / Double(batchSize)
  }
}

extension Recipe.Length: Codable {
  private enum CodingKeys: String, CodingKey {
    case epochs, steps, images, decay
    case warmupSteps, warmupEpochs, warmupFraction
    case cooldownSteps, cooldownEpochs, cooldownFraction
  }

  /// Decodes with defaults: the paper's warm-up of the small data sets, no cool-down, cosine.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try keys.decodeIfPresent(Double.self, forKey: .epochs)
    steps = try keys.decodeIfPresent(Int.self, forKey: .steps)
    images = try keys.decodeIfPresent(Int.self, forKey: .images)
    func span(
      _ inSteps: CodingKeys, _ inEpochs: CodingKeys, _ inShare: CodingKeys, _ fallback: Int
    ) throws -> Span {
      let given = [
        try keys.decodeIfPresent(Int.self, forKey: inSteps).map(Span.steps),
        try keys.decodeIfPresent(Double.self, forKey: inEpochs).map(Span.epochs),
        try keys.decodeIfPresent(Double.self, forKey: inShare).map(Span.fraction),
      ].compactMap { $0 }
      guard given.count < 2 else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: "only one of \(inSteps.stringValue), \(inEpochs.stringValue) and "
              + "\(inShare.stringValue) can be given"))
      }
      return given.first ?? .steps(fallback)
    }
    warmup = try span(.warmupSteps, .warmupEpochs, .warmupFraction, 1500)
    cooldown = try span(.cooldownSteps, .cooldownEpochs, .cooldownFraction, 0)
    decay = try keys.value(.decay, or: .cosine)
  }

  /// Writes the units that are not used as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(epochs, forKey: .epochs)
    try keys.encode(steps, forKey: .steps)
    try keys.encode(images, forKey: .images)
    func write(
      _ span: Span, _ inSteps: CodingKeys, _ inEpochs: CodingKeys, _ inShare: CodingKeys
    ) throws {
      var (steps, epochs, share): (Int?, Double?, Double?)
      switch span {
      case .steps(let value): steps = value
      case .epochs(let value): epochs = value
      case .fraction(let value): share = value
      }
      try keys.encode(steps, forKey: inSteps)
      try keys.encode(epochs, forKey: inEpochs)
      try keys.encode(share, forKey: inShare)
    }
    try write(warmup, .warmupSteps, .warmupEpochs, .warmupFraction)
    try write(cooldown, .cooldownSteps, .cooldownEpochs, .cooldownFraction)
    try keys.encode(decay, forKey: .decay)
  }
}
