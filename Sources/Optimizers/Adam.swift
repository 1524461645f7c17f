import FunMatchNN
import FunMatchTorch

/// Adam with clipping by global norm and decoupled weight decay, chained as the official trainer
/// chains optax: clip, scale by Adam, × learning rate, + decay × weight (kernels only), × schedule.
///
/// w ← w − multiplier · (learningRate · m̂ / (√v̂ + ε) + weightDecay · w). Source: big_vision
/// `optax.py`.
public final class Adam {
  /// The settings it was made with.
  public let configuration: AdamConfiguration
  /// Updates made so far.
  public private(set) var count = 0
  private let parameters: [Parameter]
  private let mu: [Tensor]
  private let nu: [Tensor]

  /// Both moments start at zero, on the device of their parameters.
  public init(_ parameters: [Parameter], _ configuration: AdamConfiguration) {
    self.parameters = parameters
    self.configuration = configuration
    let type: DType = configuration.firstMoment == .bf16 ? .bf16 : .f32
    mu = parameters.map { .zeros($0.value.shape, dtype: type, device: $0.value.device) }
    nu = parameters.map { .zeros($0.value.shape, device: $0.value.device) }
  }

  /// Takes the gradients that `backward` left, updates all parameters in place and clears the
  /// gradients. A parameter without a gradient counts as one whose gradient is zero.
  ///
  /// - Parameter multiplier: the schedule's value, in [0, 1].
  /// - Returns: norms of the gradient before clipping, of the new parameters and of the update.
  /// - Throws: `TorchError` when the gradient is not finite; nothing is updated then.
  public func update(multiplier: Double) throws -> UpdateNorms {
    let gradients = parameters.map {
      $0.value.gradient ?? .zeros($0.value.shape, device: $0.value.device)
    }
    let norm = gradients.reduce(0) { $0 + $1.sumOfSquares }.squareRoot()
    guard norm.isFinite else { throw TorchError("the norm of the gradient is \(norm)") }
    count += 1
    let clip = configuration.clipNorm
    let scale = clip > 0 && norm >= clip ? clip / norm : 1
    var weightSquares = 0.0
    var updateSquares = 0.0
    for (index, parameter) in parameters.enumerated() {
      let step = AdamStep(
        learningRate: configuration.learningRate,
        decay: parameter.decays ? configuration.weightDecay : 0, multiplier: multiplier,
        beta1: configuration.beta1, beta2: configuration.beta2, epsilon: configuration.epsilon,
        count: count, gradientScale: scale)
      let squares = step.apply(
        weight: parameter.value, gradient: gradients[index], mu: mu[index], nu: nu[index])
      weightSquares += squares.weightSquares
      updateSquares += squares.updateSquares
      parameter.value.clearGradient()
    }
    return UpdateNorms(
      gradient: norm, parameters: weightSquares.squareRoot(), update: updateSquares.squareRoot())
  }

  /// Both moments of every parameter, under `mu.` and `nu.` and its name: with `count`, all that a
  /// resumed run needs.
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, mu).map { ("mu." + $0.name, $1) }
      + zip(parameters, nu).map { ("nu." + $0.name, $1) }
  }

  /// Goes on from a saved state.
  ///
  /// - Throws: `TorchError` naming `source` when a moment is missing or its shape or type differs.
  public func restore(
    _ saved: [(name: String, tensor: Tensor)], count: Int, from source: String
  ) throws {
    let given = Dictionary(saved, uniquingKeysWith: { first, _ in first })
    for (name, moment) in state {
      guard let value = given[name] else {
        throw TorchError("\(source): the optimiser's \(name) is missing")
      }
      guard value.shape == moment.shape, value.dtype == moment.dtype else {
        throw TorchError(
          "\(source): the optimiser's \(name) is \(value.shape) \(value.dtype), expected "
            + "\(moment.shape) \(moment.dtype)")
      }
    }
    for (name, moment) in state {
      if let value = given[name] { moment.copy(from: value) }
    }
    self.count = count
  }
}
