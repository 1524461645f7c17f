import FunMatchTorch

/// Batch normalisation (Ioffe and Szegedy, 2015) of the channels of feature maps.
///
/// In training it takes mean and biased variance of the batch and lets the running ones follow, by
/// `momentum`, with the unbiased variance, as PyTorch does; otherwise, and where the running ones are
/// frozen, it takes those. A batch that is made in parts has the statistics of each part.
public struct BatchNorm2d: Layer {
  /// Scale, (C).
  public let weight: Parameter
  /// Shift, (C).
  public let bias: Parameter
  /// Running mean, (C); no parameter, but saved with them.
  public let runningMean: Parameter
  /// Running variance, (C).
  public let runningVariance: Parameter
  package let epsilon: Double
  package let momentum: Double

  /// Over `channels`.
  ///
  /// - Parameter momentum: the share of a batch in the running statistics.
  public init(_ path: Path, _ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) {
    weight = path.parameter("weight", [channels], .vector, .ones)
    bias = path.parameter("bias", [channels], .vector, .zeros)
    runningMean = path.buffer("running_mean", [channels], .zeros)
    runningVariance = path.buffer("running_var", [channels], .ones)
    self.epsilon = epsilon
    self.momentum = momentum
  }

  /// (N, C, H, W) to the same shape.
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
