import FunMatchNN
import FunMatchSettings

/// Settings of `Shampoo`, under the names that recipes use. Learning rate, decay and clipping are Adam's; `docs/shampoo.md`
/// tells why the others are as they are.
public struct ShampooConfiguration: OptimizerConfiguration {
  /// Whose step length Shampoo's direction is given, tensor by tensor.
  public enum Grafting: String, SettingName {
    /// Adam's without its first moment: g / (√v̂ + graftingEpsilon).
    case adam
    /// The gradient's own.
    case sgd
    /// Nobody's: the preconditioned gradient as it is.
    case none
  }

  /// Number format in which the inverse roots are computed; they are kept in f32.
  public enum RootPrecision: String, SettingName {
    case f64, f32
  }

  /// Multiplies the direction.
  public var learningRate = 0.001
  /// Decoupled decay of kernels; not multiplied by the learning rate, but by the schedule.
  public var weightDecay = 1e-4
  /// Largest Euclidean norm of the gradient over all parameters; larger ones are scaled down to it.
  /// 0 clips nothing.
  public var clipNorm = 1.0
  /// How much of the momentum each step keeps, in [0, 1).
  public var beta1 = 0.9
  /// How much of the statistics, and of Adam's second moment, each step keeps, in (0, 1]; 1 adds up
  /// without forgetting.
  public var beta2 = 0.999
  /// Damping, above 0: what is added to all eigenvalues of a statistic, as a part of the largest one.
  public var epsilon = 1e-6
  /// Largest number of rows or columns of a block, at least 1.
  public var blockSize = 128
  /// Steps from one computation of the inverse roots to the next, at least 1.
  public var preconditionEvery = 20
  /// Updates that are made with the grafted direction alone before preconditioning starts.
  public var startStep = 100
  /// Whose step length is used.
  public var grafting = Grafting.adam
  /// Added outside the root by Adam's grafting, above 0.
  public var graftingEpsilon = 1e-8
  /// Number format in which the inverse roots are computed.
  public var rootPrecision = RootPrecision.f64

  /// The defaults.
  public init() {}

  /// The defaults where nothing else is said.
  public init(
    learningRate: Double = 0.001, weightDecay: Double = 1e-4, clipNorm: Double = 1,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6, blockSize: Int = 128,
    preconditionEvery: Int = 20, startStep: Int = 100, grafting: Grafting = .adam,
    graftingEpsilon: Double = 1e-8, rootPrecision: RootPrecision = .f64
  ) {
    (self.learningRate, self.weightDecay, self.clipNorm) = (learningRate, weightDecay, clipNorm)
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.blockSize, self.preconditionEvery) = (blockSize, preconditionEvery)
    (self.startStep, self.grafting) = (startStep, grafting)
    (self.graftingEpsilon, self.rootPrecision) = (graftingEpsilon, rootPrecision)
  }

  /// `shampoo`.
  public static let name = "shampoo"

  /// What it is.
  public static let summary = "Shampoo with blocked preconditioners and a grafted step length."

  /// Its keys.
  public static let keys: [Key<ShampooConfiguration>] = [
    Key("learningRate", \.learningRate, "Multiplies the direction.", .notNegative),
    Key(
      "weightDecay", \.weightDecay,
      "Decay of kernels, multiplied by the schedule and not by the learning rate.", .notNegative),
    Key(
      "clipNorm", \.clipNorm,
      "Global norm that the gradient is scaled down to; 0: no clipping.", .notNegative),
    Key("beta1", \.beta1, "How much of the momentum each step keeps.", .belowOne),
    Key(
      "beta2", \.beta2,
      "How much of the statistics, and of the second moment, each step keeps; 1 forgets nothing.",
      Limits("must be above 0 and at most 1", schema: ["exclusiveMinimum": 0, "maximum": 1]) {
        $0 > 0 && $0 <= 1
      }),
    Key(
      "epsilon", \.epsilon, "Added to all eigenvalues of a statistic, as a part of the largest.",
      .positiveSingle),
    Key(
      "blockSize", \.blockSize,
      "Most rows or columns of a block, which has its own preconditioner.", .atLeast(1)),
    Key(
      "preconditionEvery", \.preconditionEvery,
      "Steps from one computation of the inverse roots to the next.", .atLeast(1)),
    Key("startStep", \.startStep, "Steps with the grafted direction alone.", .atLeast(0)),
    Key(
      "grafting", \.grafting,
      "Whose length a step has, tensor by tensor: Adam's, the gradient's (sgd) or its own (none)."),
    Key(
      "graftingEpsilon", \.graftingEpsilon, "Added outside the root by `grafting: adam`.",
      .positiveSingle),
    Key("rootPrecision", \.rootPrecision, "What the inverse roots are computed in."),
  ]

  /// Momentum, Adam's second moment where it is grafted, and the preconditioners.
  public func stateBytes(of shapes: [[Int]]) -> Int {
    (grafting == .adam ? 8 : 4) * Self.count(shapes)
      + shapes.reduce(0) { $0 + BlockedPreconditioner.bytes(shape: $1, blockSize: blockSize) }
  }

  /// `Shampoo`.
  public func make(_ parameters: [Parameter]) -> any Optimizer { Shampoo(parameters, self) }
}
