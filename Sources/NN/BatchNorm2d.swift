import FunMatchTorch

/// Batch normalisation (Ioffe and Szegedy, 2015) of the channels of feature maps, with or without an activation behind it.
///
/// In training it takes mean and biased variance of the batch and lets the running ones follow, by
/// `momentum`, with the unbiased variance, as PyTorch does; otherwise, and where one of the running ones
/// is frozen or a batch has one value a channel, which has no variance, it takes those. A batch that is
/// made in parts has the statistics of each part.
///
/// In a network that is never trained again it becomes part of the convolution before it, if it was
/// told of one: a pass over memory less (`ParameterStore.freeze`).
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
  /// What follows, if it does: one pass over memory does both in training.
  package let activation: Activation?

  /// Over `channels`.
  ///
  /// - Parameters:
  ///   - convolution: what it normalises, if that has no bias and nothing else uses it.
  ///   - momentum: the share of a batch in the running statistics.
  ///   - activation: the function of every value that follows.
  public init(
    _ path: Path, _ channels: Int, after convolution: Conv2d? = nil, epsilon: Double = 1e-5,
    momentum: Double = 0.1, activation: Activation? = nil
  ) {
    weight = path.parameter("weight", [channels], .vector, .ones)
    bias = path.parameter("bias", [channels], .vector, .zeros)
    runningMean = path.buffer("running_mean", [channels], .zeros)
    runningVariance = path.buffer("running_var", [channels], .ones)
    self.epsilon = epsilon
    self.momentum = momentum
    self.activation = activation
    if let convolution { path.store.folds.append((convolution.weight, self)) }
  }

  /// Whether training changes the running statistics.
  var isUpdated: Bool { runningMean.isUpdated && runningVariance.isUpdated }

  /// Makes `kernel` give what this makes of its output.
  func fold(into kernel: Parameter) {
    let scale = weight.value / (runningVariance.value + epsilon).squareRoot()
    kernel.value = kernel.value * scale.reshaped([-1, 1, 1, 1])
    kernel.shift = bias.value - runningMean.value * scale
    weight.isFolded = true
  }

  /// (N, C, H, W) to the same shape.
  public func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S { x.applying(self, mode) }
}
