import FunMatchOptimizers

extension Recipe.Length {
  /// How the rate falls between the warm-up and the end, as recipes tell it.
  public enum Decay: Sendable, Equatable {
    case cosine, linear, constant
    /// Is multiplied by `factor` at each of `at`: updates, or, if all are below 1, shares of the run.
    case step(at: [Double], factor: Double)
  }
}

extension Recipe.Length.Decay {
  func validate() throws {
    guard case .step(let places, let factor) = self else { return }
    let areShares = places.allSatisfy { $0 > 0 && $0 < 1 }
    let areSteps = places.allSatisfy { $0 >= 1 && $0 < 1e12 && $0 == $0.rounded() }
    guard areShares || areSteps, zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw ExperimentError(
        "schedule.decay.step.at: expected ascending shares of the run, such as [0.3, 0.6, 0.9], "
          + "or ascending steps, such as [3000, 6000, 9000]")
    }
    guard factor >= 0, factor <= 1 else {
      throw ExperimentError("schedule.decay.step.factor: \(factor) must be in 0 ... 1")
    }
  }

  /// The same for a run of `total` updates.
  func over(_ total: Int) -> Schedule.Decay {
    switch self {
    case .cosine: .cosine
    case .linear: .linear
    case .constant: .constant
    case .step(let places, let factor):
      .step(
        at: places.map { Int(($0 < 1 ? $0 * Double(total) : $0).rounded(.toNearestOrEven)) },
        factor: factor)
    }
  }
}

extension Recipe.Length.Decay: Codable {
  private enum CodingKeys: String, CodingKey {
    case step
  }
  private struct Steps: Codable {
    var at: [Double]
    var factor: Double?
  }

  /// `cosine`, `linear`, `constant` or `{step: {at: [0.3, 0.6, 0.9], factor: 0.1}}`.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      switch name {
      case "cosine": self = .cosine
      case "linear": self = .linear
      case "constant": self = .constant
      default:
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: "expected one of cosine, linear, constant, or "
              + "{step: {at: [0.3, 0.6, 0.9], factor: 0.1}}"))
      }
      return
    }
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let steps = try keys.decode(Steps.self, forKey: .step)
    self = .step(at: steps.at, factor: steps.factor ?? 0.1)
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .cosine: try value.encode("cosine")
    case .linear: try value.encode("linear")
    case .constant: try value.encode("constant")
    case .step(let places, let factor):
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(Steps(at: places, factor: factor), forKey: .step)
    }
  }
}
