import FunMatchNN
import FunMatchSettings

/// Settings of an optimizer under the names that recipes use, and how to make it. A user of the library adds one with
/// `Registry.adding(optimizer:)`.
public protocol OptimizerConfiguration: Variant {
  /// What the direction is multiplied by, beside the schedule.
  var learningRate: Double { get }
  /// The optimizer of these parameters, before its first update.
  func make(_ parameters: [Parameter]) -> any Optimizer
  /// Bytes that it keeps beside parameters of these shapes.
  func stateBytes(of shapes: [[Int]]) -> Int
}

extension OptimizerConfiguration {
  /// Two values in f32 for every one, as most have.
  public func stateBytes(of shapes: [[Int]]) -> Int { 8 * Self.count(shapes) }

  static func count(_ shapes: [[Int]]) -> Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }
}

/// The optimizers that recipes can name.
public enum OptimizerKind: VariantKind {
  /// What a name stands for.
  public typealias Value = any OptimizerConfiguration
  /// What comes with this package.
  public static let builtIn: [any Variant.Type] = [
    AdamConfiguration.self, AdamWConfiguration.self, SGDConfiguration.self,
    ShampooConfiguration.self,
  ]
  /// What messages call an entry.
  public static let noun = "optimizer"
}

/// An optimizer as recipes name it: `{adam: {learningRate: 0.003}}`, or `adam`.
public typealias OptimizerChoice = OneOf<OptimizerKind>

extension OneOf where Kind == OptimizerKind {
  /// The official chain.
  public static func adam(_ configuration: AdamConfiguration) -> Self { Self(configuration) }
  /// PyTorch's.
  public static func adamW(_ configuration: AdamWConfiguration) -> Self { Self(configuration) }
  /// Stochastic gradient descent with momentum.
  public static func sgd(_ configuration: SGDConfiguration) -> Self { Self(configuration) }
  /// Shampoo.
  public static func shampoo(_ configuration: ShampooConfiguration) -> Self { Self(configuration) }
}

extension Registry {
  /// The same with one more optimizer.
  public func adding(optimizer: any OptimizerConfiguration.Type) -> Registry {
    adding(optimizer, to: OptimizerKind.self)
  }
}
