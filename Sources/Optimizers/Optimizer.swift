import FunMatchTorch

/// What updates the parameters of a network with the gradients that `backward` left.
public protocol Optimizer: AnyObject {
  /// Updates made so far.
  var count: Int { get }
  /// Takes the gradients, updates all parameters in place and clears the gradients. A parameter
  /// without a gradient counts as one whose gradient is zero.
  ///
  /// - Parameter multiplier: the schedule's value, in [0, 1].
  /// - Returns: norms of the gradient before clipping, of the new parameters and of the update.
  /// - Throws: `TorchError` when the gradient is not finite; nothing is updated then.
  func update(multiplier: Double) throws -> UpdateNorms
  /// With `count`, all that a resumed run needs: what is kept of a parameter, under a word, a dot
  /// and its name, such as `mu.head.fc.weight`.
  var state: [(name: String, tensor: Tensor)] { get }
  /// Goes on from a saved state.
  ///
  /// - Throws: `TorchError` naming `source` when something is missing or its shape or type differs.
  func restore(
    _ saved: [(name: String, tensor: Tensor)], count: Int, from source: String) throws
}

extension Optimizer {
  /// Copies saved values into `state`, all of which must be there in the right shape and type: what
  /// `restore` has to do beside `count`.
  ///
  /// - Throws: `TorchError` naming `source`; nothing is changed then.
  public func copyState(from saved: [(name: String, tensor: Tensor)], _ source: String) throws {
    let given = Dictionary(saved, uniquingKeysWith: { first, _ in first })
    let wanted = state
    let values = try wanted.map { name, own in
      guard let value = given[name] else {
        throw TorchError("\(source): the optimiser's \(name) is missing")
      }
      guard value.shape == own.shape, value.dtype == own.dtype else {
        throw TorchError(
          "\(source): the optimiser's \(name) is \(value.shape) \(value.dtype), expected "
            + "\(own.shape) \(own.dtype)")
      }
      return value
    }
    for (own, value) in zip(wanted, values) { own.tensor.copy(from: value) }
  }
}
