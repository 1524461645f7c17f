import FunMatchSettings
import FunMatchTorch

/// KL(target ‖ student), the target being the teacher's most likely class with probability 1 - `labelSmoothing` and the
/// rest spread over the other classes; cross entropy where nothing is smoothed.
public struct HardDistance: DistanceFunction {
  /// Share that is spread, in [0, 1).
  public var labelSmoothing = 0.0

  /// Nothing is smoothed.
  public init() {}

  /// `hard`.
  public static let name = "hard"

  /// What it is.
  public static let summary = "Cross entropy to the teacher's most likely class."

  /// Its keys.
  public static let keys: [Key<HardDistance>] = [
    Key(
      "labelSmoothing", \.labelSmoothing,
      "Share of the target that is spread over the other classes.",
      .belowOne)
  ]

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    let rest = labelSmoothing / Double(max(1, teacher.shape[1] - 1))
    let choice = teacher.argmax().oneHot(teacher.shape[1]).to(.f32)
    let target = choice * (1 - labelSmoothing - rest) + rest
    return (target * (target.clamped(low: 1e-8).log() - student.logSoftmax())).sum([1])
  }
}
