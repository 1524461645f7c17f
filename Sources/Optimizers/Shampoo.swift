import Foundation
import FunMatchNN
import FunMatchTorch

/// Shampoo with blocked preconditioners and grafting, in the official chain: clip, precondition, graft,
/// momentum, × learning rate, + decay × weight (kernels only), × schedule.
///
/// A block G of a gradient becomes L^(-1/4) G R^(-1/4), L and R being sums of G Gᵀ and Gᵀ G, and a
/// block g of a vector L^(-1/2) g. d, the tensor's blocks together, gets the norm of what the grafted
/// optimiser would do; then m ← beta1 · m + (1 − beta1) · d and w ← w − multiplier · (learningRate · m +
/// weightDecay · w). See `docs/shampoo.md`. Sources: Gupta et al. 2018 (1802.09568), Anil et al. 2020
/// (2002.09018).
public final class Shampoo: Optimizer {
  /// The settings it was made with.
  public let configuration: ShampooConfiguration
  /// Updates made so far.
  public private(set) var count = 0
  private let parameters: [Parameter]
  private let preconditioners: [BlockedPreconditioner]
  private let momentum: [Tensor]
  // Adam's second moment; empty where nothing is grafted from Adam.
  private let nu: [Tensor]

  /// Statistics and moments start at zero, on the device of their parameters.
  public init(_ parameters: [Parameter], _ configuration: ShampooConfiguration) {
    self.parameters = parameters
    self.configuration = configuration
    func zeros() -> [Tensor] {
      parameters.map { .zeros($0.value.shape, device: $0.value.device) }
    }
    momentum = zeros()
    nu = configuration.grafting == .adam ? zeros() : []
    preconditioners = parameters.map {
      BlockedPreconditioner(
        shape: $0.value.shape, blockSize: configuration.blockSize, device: $0.value.device)
    }
  }

  /// Makes one update; see `Optimizer`.
  ///
  /// - Throws: `TorchError` when the gradient is not finite, or so large (1e15 after clipping) that
  ///   statistics would not be; nothing is updated then.
  public func update(multiplier: Double) throws -> UpdateNorms {
    let clipped = try ClippedGradients(parameters, clipNorm: configuration.clipNorm)
    // The statistics' f32 would overflow, and what overflowed has no roots.
    guard clipped.norm * clipped.scale < 1e15 else {
      throw TorchError("the norm of the gradient is \(clipped.norm), too large for Shampoo")
    }
    count += 1
    var norms = UpdateNorms.Squares()
    for (index, parameter) in parameters.enumerated() {
      let gradient = clipped.gradients[index] * clipped.scale
      momentum[index].blend(
        keeping: configuration.beta1, adding: 1 - configuration.beta1,
        of: direction(index, gradient))
      let update = WeightUpdate(
        learningRate: configuration.learningRate,
        decay: parameter.decays ? configuration.weightDecay : 0, multiplier: multiplier)
      norms.add(update.apply(weight: parameter.value, direction: momentum[index]))
      parameter.value.clearGradient()
    }
    return norms.norms(gradient: clipped.norm)
  }

  /// Takes a gradient into the statistics and returns where it leads, before momentum.
  private func direction(_ index: Int, _ gradient: Tensor) -> Tensor {
    let preconditioner = preconditioners[index]
    preconditioner.accumulate(gradient, keeping: configuration.beta2, adding: share)
    let grafted = grafted(index, gradient)
    let past = count - 1 - configuration.startStep
    guard past >= 0 else { return grafted }
    if past.isMultiple(of: configuration.preconditionEvery) {
      preconditioner.refreshRoots(
        epsilon: configuration.epsilon,
        precision: configuration.rootPrecision == .f64 ? .f64 : .f32)
    }
    let preconditioned = preconditioner.precondition(gradient)
    if configuration.grafting == .none { return preconditioned }
    let squares = preconditioned.sumOfSquares
    return preconditioned * (squares > 0 ? (grafted.sumOfSquares / squares).squareRoot() : 0)
  }

  /// What the optimiser whose step length is used would do, before momentum.
  private func grafted(_ index: Int, _ gradient: Tensor) -> Tensor {
    guard configuration.grafting == .adam else { return gradient }
    let beta2 = configuration.beta2
    nu[index].blend(keeping: beta2, adding: share, of: gradient.squared())
    let correction = beta2 == 1 ? 1 : 1 - pow(beta2, Double(count))
    let deviation = (nu[index] * (1 / correction)).squareRoot()
    return gradient / (deviation + configuration.graftingEpsilon)
  }

  /// The weight of a new gradient in the statistics.
  private var share: Double { configuration.beta2 == 1 ? 1 : 1 - configuration.beta2 }

  /// Of every parameter `momentum.` and, where Adam is grafted, `nu.` with its name; then
  /// `statistics.` and `roots.` with its name, the number of the group of equal blocks and the side, 0
  /// or 1, such as `roots.head.fc.weight.0.1`.
  public var state: [(name: String, tensor: Tensor)] {
    let groups = zip(parameters, preconditioners).flatMap { parameter, preconditioner in
      preconditioner.groups.enumerated().map { (parameter.name + ".\($0)", $1) }
    }
    func named(_ word: String, _ tensors: (BlockGroup) -> [Tensor]) -> [(String, Tensor)] {
      groups.flatMap { name, group in
        tensors(group).enumerated().map { ("\(word).\(name).\($0)", $1) }
      }
    }
    return zip(parameters, momentum).map { ("momentum." + $0.name, $1) }
      + zip(parameters, nu).map { ("nu." + $0.name, $1) }
      + named("statistics", \.statistics) + named("roots", \.roots)
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
