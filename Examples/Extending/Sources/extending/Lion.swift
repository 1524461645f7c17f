import FunMatchNN
import FunMatchOptimizers
import FunMatchSettings
import FunMatchTorch

/// An optimizer's settings under the names that recipes use.
struct Lion: OptimizerConfiguration {
  static let name = "lion"
  static let summary = "Lion (Chen et al. 2023): the sign of a momentum is the direction."
  static let keys: [Key<Lion>] = [
    Key("learningRate", \.learningRate, "Multiplies the direction.", .notNegative),
    Key("beta1", \.beta1, "Share of the momentum in the direction.", .belowOne),
    Key("beta2", \.beta2, "How much of the momentum each step keeps.", .belowOne),
    Key(
      "weightDecay", \.weightDecay,
      "Decay of kernels, multiplied by the schedule and not by the learning rate.", .notNegative),
    Key(
      "clipNorm", \.clipNorm,
      "Global norm that the gradient is scaled down to; 0: no clipping.", .notNegative),
  ]

  var learningRate = 0.0003
  var beta1 = 0.9
  var beta2 = 0.99
  var weightDecay = 0.0
  var clipNorm = 0.0

  func make(_ parameters: [Parameter]) -> any Optimizer { LionOptimizer(parameters, self) }
}

/// w ← w − schedule · (learningRate · sign(β₁ · m + (1 − β₁) · g) + weightDecay · w), then
/// m ← β₂ · m + (1 − β₂) · g.
///
/// Source: Chen et al., "Symbolic discovery of optimization algorithms" (2023), algorithm 2. There the
/// decay is multiplied by the learning rate, which it is not here, as with the package's optimizers.
final class LionOptimizer: Optimizer {
  private(set) var count = 0
  private let parameters: [Parameter]
  private let settings: Lion
  private let momentum: [Tensor]

  init(_ parameters: [Parameter], _ settings: Lion) {
    (self.parameters, self.settings) = (parameters, settings)
    momentum = parameters.map { .zeros($0.value.shape, device: $0.value.device) }
  }

  func update(multiplier: Double) throws -> UpdateNorms {
    let clipped = try ClippedGradients(parameters, clipNorm: settings.clipNorm)
    count += 1
    var norms = UpdateNorms.Squares()
    for (index, parameter) in parameters.enumerated() {
      let (gradient, moment) = (clipped.gradients[index], momentum[index])
      let mean = moment * settings.beta1 + gradient * ((1 - settings.beta1) * clipped.scale)
      moment.blend(
        keeping: settings.beta2, adding: (1 - settings.beta2) * clipped.scale, of: gradient)
      let update = WeightUpdate(
        learningRate: settings.learningRate, decay: parameter.decays ? settings.weightDecay : 0,
        multiplier: multiplier)
      norms.add(update.apply(weight: parameter.value, direction: Self.sign(mean)))
      parameter.value.clearGradient()
    }
    return norms.norms(gradient: clipped.norm)
  }

  /// -1, 0 or 1.
  private static func sign(_ x: Tensor) -> Tensor {
    x / x.magnitude().clamped(low: Double(Float.leastNormalMagnitude))
  }

  /// All that a resumed run needs.
  var state: [(name: String, tensor: Tensor)] {
    zip(parameters, momentum).map { ("momentum." + $0.name, $1) }
  }

  func restore(
    _ saved: [(name: String, tensor: Tensor)], count: Int, from source: String
  ) throws {
    try copyState(from: saved, source)
    self.count = count
  }
}
