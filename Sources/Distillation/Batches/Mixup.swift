import FunMatchTorch
import FunMatchViews

/// Mixup (Zhang et al. 2018) as the official trainer does it: one λ for the whole batch, λ ← max(λ,
/// 1 - λ), each example mixed with the one before it and the first with the last.
///
/// Source: big_vision `utils.py`, `mixup`.
public struct Mixup: Sendable {
  /// λ is drawn from Beta(parameter, parameter); 0 mixes nothing.
  public let parameter: Double
  private let seed: UInt64

  /// λ is a function of (seed, step).
  public init(_ parameter: Double, seed: UInt64) {
    self.parameter = parameter
    self.seed = seed
  }

  /// λ of a step, in [0.5, 1]; 1 where nothing is mixed.
  public func lambda(step: Int) -> Double {
    guard parameter > 0 else { return 1 }
    var random = Philox(seed: seed, Stream.mixup.rawValue, step, step >> 32)
    let drawn = random.beta(parameter)
    return max(drawn, 1 - drawn)
  }

  /// Which row of a whole batch a row is mixed with: the one before it, the last for the first.
  public static func partner(of row: Int, count: Int) -> Int { row > 0 ? row - 1 : count - 1 }

  /// λ · x + (1 - λ) · partner; images and one-hot labels alike.
  public static func mix(_ x: Tensor, _ partner: Tensor, lambda: Double) -> Tensor {
    lambda == 1 ? x : x * lambda + partner * (1 - lambda)
  }
}
