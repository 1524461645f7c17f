import FunMatchSettings
import FunMatchTorch

/// How far a student's logits are from a teacher's. A user of the library adds one with `Registry.adding(distance:)`.
public protocol DistanceFunction: Variant {
  /// The temperature that both are divided by, where probabilities are compared; 1 otherwise. Teachers are combined at
  /// the same.
  var temperature: Double { get }
  /// The distance of each example, (N), differentiable in the student's logits.
  ///
  /// - Parameters:
  ///   - student: logits (N, classes), f32.
  ///   - teacher: logits (N, classes), f32.
  func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor
}

extension DistanceFunction {
  /// 1.
  public var temperature: Double { 1 }

  /// About how much rounding to f32 adds to it: T² multiplies the rounding of logarithms of probabilities, too.
  package var roundingError: Double { 1e-7 * temperature * temperature }
}

/// The distances that recipes can name.
///
/// Source: big_vision `evaluators/proj/distill/distance.py`, `dist`.
public enum DistanceKind: VariantKind {
  /// What a name stands for.
  public typealias Value = any DistanceFunction
  /// What comes with this package.
  public static let builtIn: [any Variant.Type] = [
    KLDistance.self, EuclideanDistance.self, SquaredDistance.self, HardDistance.self,
    LogSoftmaxDistance.self,
  ]
  /// What messages call an entry.
  public static let noun = "distance"
}

/// A distance as recipes name it: `{kl: {temperature: 2}}`, or `euclidean`.
public typealias Distance = OneOf<DistanceKind>

extension OneOf where Kind == DistanceKind {
  /// T² · KL(teacher ‖ student) at temperature T.
  public static func kl(temperature: Double) -> Distance {
    var distance = KLDistance()
    distance.temperature = temperature
    return Distance(distance)
  }
  /// The Euclidean distance.
  public static var euclidean: Distance { Distance(EuclideanDistance()) }
  /// Its square.
  public static var l2: Distance { Distance(SquaredDistance()) }
  /// Cross entropy to the teacher's first choice.
  public static func hard(labelSmoothing: Double) -> Distance {
    var distance = HardDistance()
    distance.labelSmoothing = labelSmoothing
    return Distance(distance)
  }
  /// The Euclidean distance of log-probabilities.
  public static var logSoftmaxEuclidean: Distance { Distance(LogSoftmaxDistance()) }

  /// The distance of each example, (N), of logits (N, classes), f32.
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    value(student: student, teacher: teacher)
  }
}

extension Registry {
  /// The same with one more distance.
  public func adding(distance: any DistanceFunction.Type) -> Registry {
    adding(distance, to: DistanceKind.self)
  }
}
