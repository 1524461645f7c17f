import FunMatchSettings
import FunMatchTorch

/// T² · KL(softmax(teacher / T) ‖ softmax(student / T)); the teacher's probabilities enter the logarithm cut at 1e-8.
///
/// Source: big_vision `utils.py`, `softmax_xent(kl=True)`.
public struct KLDistance: DistanceFunction {
  /// T, positive.
  public var temperature = 1.0

  /// Temperature 1.
  public init() {}

  /// `kl`.
  public static let name = "kl"

  /// What it is.
  public static let summary = "T² · KL(teacher ‖ student) at temperature T."

  /// Its keys.
  public static let keys: [Key<KLDistance>] = [
    Key("temperature", \.temperature, "T, by which both logits are divided.", .positive)
  ]

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    let target = (teacher * (1 / temperature)).softmax()
    let student = (student * (1 / temperature)).logSoftmax()
    let terms = target * (target.clamped(low: 1e-8).log() - student)
    return terms.sum([1]) * (temperature * temperature)
  }
}
