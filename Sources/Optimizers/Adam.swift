import FunMatchNN
import FunMatchTorch

/// Adam with clipping by global norm and decoupled weight decay, chained as the official trainer
/// chains optax: clip, scale by Adam, × learning rate, + decay × weight (kernels only), × schedule.
///
/// w ← w − multiplier · (learningRate · m̂ / (√v̂ + ε) + weightDecay · w). Source: big_vision
/// `optax.py`. As AdamW the decay is multiplied by the learning rate, too (Loshchilov and Hutter 2019,
/// as in PyTorch).
public final class Adam: Optimizer {
  /// What weight decay is multiplied by, beside the schedule.
  public enum Decay: Sendable {
    /// Nothing else: big_vision.
    case official
    /// The learning rate: AdamW in PyTorch and timm.
    case timesLearningRate
  }

  /// The settings it was made with.
  public let configuration: AdamConfiguration
  /// Updates made so far.
  public private(set) var count = 0
  private let parameters: [Parameter]
  private let decay: Decay
  private let mu: [Tensor]
  private let nu: [Tensor]

  /// Both moments start at zero, on the device of their parameters.
  public init(
    _ parameters: [Parameter], _ configuration: AdamConfiguration, decay: Decay = .official
  ) {
    self.parameters = parameters
    self.configuration = configuration
    self.decay = decay
    let type: DType = configuration.firstMoment == .bf16 ? .bf16 : .f32
    mu = parameters.map { .zeros($0.value.shape, dtype: type, device: $0.value.device) }
    nu = parameters.map { .zeros($0.value.shape, device: $0.value.device) }
  }

  /// Makes one update of all parameters, in place, and clears their gradients.
  ///
  /// - Parameter multiplier: the schedule's value, in [0, 1].
  /// - Throws: `TorchError` when the gradient is not finite; nothing is updated then.
  public func update(multiplier: Double) throws -> UpdateNorms {
    let clipped = try ClippedGradients(parameters, clipNorm: configuration.clipNorm)
    count += 1
    let factor = decay == .official ? 1 : configuration.learningRate
    var norms = UpdateNorms.Squares()
    for (index, parameter) in parameters.enumerated() {
      let step = AdamStep(
        learningRate: configuration.learningRate,
        decay: parameter.decays ? configuration.weightDecay * factor : 0, multiplier: multiplier,
        beta1: configuration.beta1, beta2: configuration.beta2, epsilon: configuration.epsilon,
        count: count, gradientScale: clipped.scale)
      norms.add(
        step.apply(
          weight: parameter.value, gradient: clipped.gradients[index], mu: mu[index],
          nu: nu[index]))
      parameter.value.clearGradient()
    }
    return norms.norms(gradient: clipped.norm)
  }

  /// Both moments of every parameter, under `mu.` and `nu.` and its name.
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, mu).map { ("mu." + $0.name, $1) }
      + zip(parameters, nu).map { ("nu." + $0.name, $1) }
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
