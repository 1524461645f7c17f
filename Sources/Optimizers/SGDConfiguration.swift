import FunMatchNN
import FunMatchSettings

/// Settings of `SGD`, under the names that recipes use; the defaults are the BiT-HyperRule's.
public struct SGDConfiguration: OptimizerConfiguration {
  /// Multiplies the momentum.
  public var learningRate = 0.003
  /// How much of the momentum each step keeps, in [0, 1).
  public var momentum = 0.9
  /// Whether the gradient is looked at where the momentum leads (Nesterov).
  public var nesterov = false
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay = 0.0
  /// Largest Euclidean norm of the gradient over all parameters; 0 clips nothing.
  public var clipNorm = 0.0

  /// The BiT-HyperRule's settings.
  public init() {}

  /// The BiT-HyperRule's settings where nothing else is said.
  public init(
    learningRate: Double = 0.003, momentum: Double = 0.9, nesterov: Bool = false,
    weightDecay: Double = 0, clipNorm: Double = 0
  ) {
    (self.learningRate, self.momentum, self.nesterov) = (learningRate, momentum, nesterov)
    (self.weightDecay, self.clipNorm) = (weightDecay, clipNorm)
  }

  /// `sgd`.
  public static let name = "sgd"

  /// What it is.
  public static let summary = "Stochastic gradient descent with momentum: m ← momentum · m + g."

  /// Its keys.
  public static let keys: [Key<SGDConfiguration>] = [
    Key("learningRate", \.learningRate, "Multiplies the direction.", .notNegative),
    Key("momentum", \.momentum, "How much of the momentum each step keeps.", .belowOne),
    Key("nesterov", \.nesterov, "Whether the direction is g + momentum · m."),
    Key(
      "weightDecay", \.weightDecay,
      "Decay of kernels, multiplied by the schedule and not by the learning rate.", .notNegative),
    Key(
      "clipNorm", \.clipNorm,
      "Global norm that the gradient is scaled down to; 0: no clipping.", .notNegative),
  ]

  /// The momentum.
  public func stateBytes(of shapes: [[Int]]) -> Int { 4 * Self.count(shapes) }

  /// `SGD`.
  public func make(_ parameters: [Parameter]) -> any Optimizer { SGD(parameters, self) }
}
