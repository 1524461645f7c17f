/// Settings of `Shampoo`, under the names that recipes use.
public struct ShampooConfiguration: Codable, Sendable, Equatable {
  /// Whose step length Shampoo's direction is given, tensor by tensor.
  public enum Grafting: String, Codable, Sendable, CaseIterable {
    /// Adam's without its first moment: g / (√v̂ + graftingEpsilon).
    case adam
    /// The gradient's own.
    case sgd
    /// Nobody's: the preconditioned gradient as it is.
    case none
  }

  /// Number format in which the inverse roots are computed; they are kept in f32.
  public enum RootPrecision: String, Codable, Sendable, CaseIterable {
    case f64, f32
  }

  /// Multiplies the direction.
  public var learningRate: Double
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay: Double
  /// Largest Euclidean norm of the gradient over all parameters; larger ones are scaled down to it.
  /// 0 clips nothing.
  public var clipNorm: Double
  /// How much of the momentum each step keeps, in [0, 1).
  public var beta1: Double
  /// How much of the statistics, and of Adam's second moment, each step keeps, in (0, 1]; 1 adds up
  /// without forgetting.
  public var beta2: Double
  /// Damping, above 0: what is added to all eigenvalues of a statistic, as a part of the largest one.
  public var epsilon: Double
  /// Largest number of rows or columns of a block, at least 1.
  public var blockSize: Int
  /// Steps from one computation of the inverse roots to the next, at least 1.
  public var preconditionEvery: Int
  /// Updates that are made with the grafted direction alone before preconditioning starts.
  public var startStep: Int
  /// Whose step length is used.
  public var grafting: Grafting
  /// Added outside the root by Adam's grafting, above 0.
  public var graftingEpsilon: Double
  /// Number format in which the inverse roots are computed.
  public var rootPrecision: RootPrecision

  /// Learning rate, decay and clipping are Adam's; `docs/shampoo.md` tells why the others are as they
  /// are.
  public init(
    learningRate: Double = 0.001, weightDecay: Double = 1e-4, clipNorm: Double = 1,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6, blockSize: Int = 128,
    preconditionEvery: Int = 20, startStep: Int = 100, grafting: Grafting = .adam,
    graftingEpsilon: Double = 1e-8, rootPrecision: RootPrecision = .f64
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.blockSize = blockSize
    self.preconditionEvery = preconditionEvery
    self.startStep = startStep
    self.grafting = grafting
    self.graftingEpsilon = graftingEpsilon
    self.rootPrecision = rootPrecision
  }

  /// Decodes with the defaults in place of absent keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func value<T: Decodable>(_ key: CodingKeys, _ standard: T) throws -> T {
      try keys.decodeIfPresent(T.self, forKey: key) ?? standard
    }
    self.init()
    learningRate = try value(.learningRate, learningRate)
    weightDecay = try value(.weightDecay, weightDecay)
    clipNorm = try value(.clipNorm, clipNorm)
    beta1 = try value(.beta1, beta1)
    beta2 = try value(.beta2, beta2)
    epsilon = try value(.epsilon, epsilon)
    blockSize = try value(.blockSize, blockSize)
    preconditionEvery = try value(.preconditionEvery, preconditionEvery)
    startStep = try value(.startStep, startStep)
    grafting = try value(.grafting, grafting)
    graftingEpsilon = try value(.graftingEpsilon, graftingEpsilon)
    rootPrecision = try value(.rootPrecision, rootPrecision)
  }
}
