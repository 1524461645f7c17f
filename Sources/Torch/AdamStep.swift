internal import CTorch
import Foundation

/// The numbers of one Adam update, as optax and big_vision order them: see `Adam` of the
/// optimisers.
public struct AdamStep: Sendable {
  /// Multiplies the bias-corrected direction.
  public var learningRate: Double
  /// Subtracted times the weight; not multiplied by the learning rate.
  public var decay: Double
  /// The schedule's value at this step; multiplies both of the above.
  public var multiplier: Double
  /// Decay of the first moment.
  public var beta1: Double
  /// Decay of the second moment.
  public var beta2: Double
  /// Added outside the root.
  public var epsilon: Double
  /// Number of this update, 1 for the first.
  public var count: Int
  /// Multiplies the gradient first: what clipping by global norm leaves of it.
  public var gradientScale: Double

  /// All numbers named.
  public init(
    learningRate: Double, decay: Double, multiplier: Double, beta1: Double, beta2: Double,
    epsilon: Double, count: Int, gradientScale: Double
  ) {
    self.learningRate = learningRate
    self.decay = decay
    self.multiplier = multiplier
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.count = count
    self.gradientScale = gradientScale
  }

  /// Updates weight, mu (f32 or bf16) and nu in place, in one pass over memory.
  ///
  /// - Returns: the sums of the squares of the new weight and of the update.
  public func apply(weight: Tensor, gradient: Tensor, mu: Tensor, nu: Tensor)
    -> (weightSquares: Double, updateSquares: Double)
  {
    let options = ct_adam_options(
      learning_rate: learningRate, decay: decay, multiplier: multiplier, beta1: beta1,
      beta2: beta2, epsilon: epsilon, bias_correction1: Self.correction(beta1, count),
      bias_correction2: Self.correction(beta2, count), gradient_scale: gradientScale)
    var squares: [Double] = [0, 0]
    require("Adam step", [weight, gradient, mu, nu]) {
      ct_adam_step(weight.handle, gradient.handle, mu.handle, nu.handle, options, &squares)
    }
    return (squares[0], squares[1])
  }

  // The official chain computes 1 - βᵗ in single precision, which the first updates show.
  private static func correction(_ beta: Double, _ count: Int) -> Double {
    Double(1 - powf(Float(beta), Float(count)))
  }
}
