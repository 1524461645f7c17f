import FunMatchNN
import FunMatchTorch

/// Stochastic gradient descent with momentum, in the official chain: clip, momentum, × learning rate,
/// + decay × weight (kernels only), × schedule.
///
/// m ← momentum · m + g; w ← w − multiplier · (learningRate · m + weightDecay · w). Without decay this
/// is PyTorch's SGD; the momentum is kept in f32. Source: optax's `trace`, big_vision `optax.py`.
public final class SGD: Optimizer {
  /// The settings it was made with.
  public let configuration: SGDConfiguration
  /// Updates made so far.
  public private(set) var count = 0
  private let parameters: [Parameter]
  private let momentum: [Tensor]

  /// The momentum starts at zero, on the device of its parameter.
  public init(_ parameters: [Parameter], _ configuration: SGDConfiguration) {
    self.parameters = parameters
    self.configuration = configuration
    momentum = parameters.map { .zeros($0.value.shape, device: $0.value.device) }
  }

  /// Makes one update of all parameters, in place, and clears their gradients.
  ///
  /// - Parameter multiplier: the schedule's value, in [0, 1].
  /// - Throws: `TorchError` when the gradient is not finite; nothing is updated then.
  public func update(multiplier: Double) throws -> UpdateNorms {
    let clipped = try ClippedGradients(parameters, clipNorm: configuration.clipNorm)
    count += 1
    var norms = UpdateNorms.Squares()
    for (index, parameter) in parameters.enumerated() {
      let (gradient, moment) = (clipped.gradients[index], momentum[index])
      moment.blend(keeping: configuration.momentum, adding: clipped.scale, of: gradient)
      let direction =
        configuration.nesterov
        ? gradient * clipped.scale + moment * configuration.momentum : moment
      let update = WeightUpdate(
        learningRate: configuration.learningRate,
        decay: parameter.decays ? configuration.weightDecay : 0, multiplier: multiplier)
      norms.add(update.apply(weight: parameter.value, direction: direction))
      parameter.value.clearGradient()
    }
    return norms.norms(gradient: clipped.norm)
  }

  /// The momentum of every parameter, under `momentum.` and its name.
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, momentum).map { ("momentum." + $0.name, $1) }
  }

  /// Goes on from a saved state.
  ///
  /// - Throws: `TorchError` naming `source` when something is missing or its shape or type differs;
  ///   nothing is changed then.
  public func restore(
    _ saved: [(name: String, tensor: Tensor)], count: Int, from source: String
  ) throws {
    try copyState(from: saved, source)
    self.count = count
  }
}
