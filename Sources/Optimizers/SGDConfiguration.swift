/// Settings of `SGD`, under the names that recipes use; the defaults are the BiT-HyperRule's.
public struct SGDConfiguration: Codable, Sendable, Equatable {
  /// Multiplies the momentum.
  public var learningRate: Double
  /// How much of the momentum each step keeps, in [0, 1).
  public var momentum: Double
  /// Whether the gradient is looked at where the momentum leads (Nesterov).
  public var nesterov: Bool
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay: Double
  /// Largest Euclidean norm of the gradient over all parameters; 0 clips nothing.
  public var clipNorm: Double

  /// The BiT-HyperRule's settings where nothing else is said.
  public init(
    learningRate: Double = 0.003, momentum: Double = 0.9, nesterov: Bool = false,
    weightDecay: Double = 0, clipNorm: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
  }

  /// Decodes with the defaults in place of absent keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    learningRate = try keys.decodeIfPresent(Double.self, forKey: .learningRate) ?? learningRate
    momentum = try keys.decodeIfPresent(Double.self, forKey: .momentum) ?? momentum
    nesterov = try keys.decodeIfPresent(Bool.self, forKey: .nesterov) ?? nesterov
    weightDecay = try keys.decodeIfPresent(Double.self, forKey: .weightDecay) ?? weightDecay
    clipNorm = try keys.decodeIfPresent(Double.self, forKey: .clipNorm) ?? clipNorm
  }
}
