internal import CTorch

/// The end of the official chain, which all optimisers share: × learning rate, + decay × weight, ×
/// schedule, subtracted (big_vision `optax.py`).
public struct WeightUpdate: Sendable {
  /// Multiplies the direction.
  public var learningRate: Double
  /// Subtracted times the weight; not multiplied by the learning rate.
  public var decay: Double
  /// The schedule's value at this step; multiplies both of the above.
  public var multiplier: Double

  /// All numbers named.
  public init(learningRate: Double, decay: Double, multiplier: Double) {
    self.learningRate = learningRate
    self.decay = decay
    self.multiplier = multiplier
  }

  /// weight ← weight - multiplier · (learningRate · direction + decay · weight), in place.
  ///
  /// - Returns: the sums of the squares of the new weight and of the update.
  public func apply(
    weight: Tensor, direction: Tensor
  ) -> (weightSquares: Double, updateSquares: Double) {
    var squares: [Double] = [0, 0]
    require("weight update", [weight, direction]) {
      ct_weight_update(
        weight.handle, direction.handle, learningRate, decay, multiplier, &squares)
    }
    return (squares[0], squares[1])
  }
}

extension Tensor {
  /// self + share · (source - self), in place; not recorded for gradients. Where both are equal nothing
  /// moves, as small as the share may be.
  public func approach(_ source: Tensor, by share: Double) {
    require("approach", [self, source]) { ct_approach(handle, source.handle, share) }
  }

  /// kept · self + added · source, in place; not recorded for gradients.
  public func blend(keeping kept: Double, adding added: Double, of source: Tensor) {
    require("blend", [self, source]) { ct_blend(handle, kept, source.handle, added) }
  }
}
