import FunMatchSettings
import FunMatchTorch

/// √(Σ (student - teacher)² + 1e-12).
public struct EuclideanDistance: DistanceFunction {
  /// The only one.
  public init() {}

  /// `euclidean`.
  public static let name = "euclidean"

  /// What it is.
  public static let summary = "√(Σ (student − teacher)²) of the logits."

  /// None.
  public static let keys: [Key<EuclideanDistance>] = []

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    norm(student - teacher)
  }
}

/// Σ (student - teacher)².
public struct SquaredDistance: DistanceFunction {
  /// The only one.
  public init() {}

  /// `l2`.
  public static let name = "l2"

  /// What it is.
  public static let summary = "Σ (student − teacher)² of the logits."

  /// None.
  public static let keys: [Key<SquaredDistance>] = []

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    (student - teacher).squared().sum([1])
  }
}

/// The Euclidean distance of log-probabilities.
public struct LogSoftmaxDistance: DistanceFunction {
  /// The only one.
  public init() {}

  /// `logSoftmaxEuclidean`.
  public static let name = "logSoftmaxEuclidean"

  /// What it is.
  public static let summary = "The Euclidean distance of log-probabilities."

  /// None.
  public static let keys: [Key<LogSoftmaxDistance>] = []

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    norm(student.logSoftmax() - teacher.logSoftmax())
  }
}

// The tiny summand keeps the gradient of identical logits at 0 instead of NaN.
private func norm(_ difference: Tensor) -> Tensor {
  (difference.squared().sum([1]) + 1e-12).squareRoot()
}
