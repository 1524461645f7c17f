import FunMatchNN
import FunMatchSettings

/// Settings of `Adam`, under the names that recipes use; the defaults are the paper's.
public struct AdamConfiguration: OptimizerConfiguration {
  /// Number format of the first moment in memory.
  public enum MomentType: String, SettingName {
    case bf16, f32
  }

  /// Multiplies Adam's direction.
  public var learningRate = 0.001
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay = 1e-4
  /// Largest Euclidean norm of the gradient over all parameters; larger ones are scaled down to it.
  /// 0 clips nothing.
  public var clipNorm = 1.0
  /// Decay of the first moment.
  public var beta1 = 0.9
  /// Decay of the second moment.
  public var beta2 = 0.999
  /// Added outside the root.
  public var epsilon = 1e-8
  /// Number format of the first moment in memory; official runs keep it in bf16.
  public var firstMoment = MomentType.bf16

  /// The paper's settings.
  public init() {}

  /// The paper's settings where nothing else is said.
  public init(
    learningRate: Double = 0.001, weightDecay: Double = 1e-4, clipNorm: Double = 1,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    firstMoment: MomentType = .bf16
  ) {
    (self.learningRate, self.weightDecay, self.clipNorm) = (learningRate, weightDecay, clipNorm)
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    self.firstMoment = firstMoment
  }

  /// `adam`.
  public static let name = "adam"

  /// What it is.
  public static let summary =
    "Adam as the official code chains it: w ← w − schedule · (learningRate · direction + weightDecay · w)."

  /// Its keys.
  public static let keys: [Key<AdamConfiguration>] = [
    Key("learningRate", \.learningRate, "Multiplies the direction.", .notNegative),
    Key(
      "weightDecay", \.weightDecay,
      "Decay of kernels, multiplied by the schedule and not by the learning rate.", .notNegative),
    Key(
      "clipNorm", \.clipNorm,
      "Global norm that the gradient is scaled down to; 0: no clipping.", .notNegative),
    Key("beta1", \.beta1, "Decay of the first moment.", .belowOne),
    Key("beta2", \.beta2, "Decay of the second moment.", .belowOne),
    Key("epsilon", \.epsilon, "Added outside the root.", .positiveSingle),
    Key("firstMoment", \.firstMoment, "What the first moment is stored in."),
  ]

  /// Both moments.
  public func stateBytes(of shapes: [[Int]]) -> Int {
    (firstMoment == .bf16 ? 6 : 8) * Self.count(shapes)
  }

  /// `Adam`.
  public func make(_ parameters: [Parameter]) -> any Optimizer { Adam(parameters, self) }
}
