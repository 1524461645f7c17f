/// Settings of `Adam`, under the names that recipes use; the defaults are the paper's.
public struct AdamConfiguration: Codable, Sendable, Equatable {
  /// Number format of the first moment in memory.
  public enum MomentType: String, Codable, Sendable, CaseIterable {
    case bf16, f32
  }

  /// Multiplies Adam's direction.
  public var learningRate: Double
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay: Double
  /// Largest Euclidean norm of the gradient over all parameters; larger ones are scaled down to it.
  /// 0 clips nothing.
  public var clipNorm: Double
  /// Decay of the first moment.
  public var beta1: Double
  /// Decay of the second moment.
  public var beta2: Double
  /// Added outside the root.
  public var epsilon: Double
  /// Number format of the first moment in memory; official runs keep it in bf16.
  public var firstMoment: MomentType

  /// The paper's settings where nothing else is said.
  public init(
    learningRate: Double = 0.001, weightDecay: Double = 1e-4, clipNorm: Double = 1,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    firstMoment: MomentType = .bf16
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.firstMoment = firstMoment
  }

  /// What PyTorch's AdamW does where nothing is said.
  public static let adamW = AdamConfiguration(weightDecay: 0.01, clipNorm: 0, firstMoment: .f32)

  /// Decodes with the paper's settings in place of absent keys.
  public init(from decoder: any Decoder) throws {
    try self.init(from: decoder, defaults: AdamConfiguration())
  }

  /// Decodes with `standard` in place of absent keys.
  public init(from decoder: any Decoder, defaults standard: AdamConfiguration) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func value(_ key: CodingKeys, _ fallback: Double) throws -> Double {
      try keys.decodeIfPresent(Double.self, forKey: key) ?? fallback
    }
    learningRate = try value(.learningRate, standard.learningRate)
    weightDecay = try value(.weightDecay, standard.weightDecay)
    clipNorm = try value(.clipNorm, standard.clipNorm)
    beta1 = try value(.beta1, standard.beta1)
    beta2 = try value(.beta2, standard.beta2)
    epsilon = try value(.epsilon, standard.epsilon)
    firstMoment =
      try keys.decodeIfPresent(MomentType.self, forKey: .firstMoment) ?? standard.firstMoment
  }
}
