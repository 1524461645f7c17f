import FunMatchTorch

/// Values a parameter starts from.
public enum Initializer: Sendable {
  case zeros
  case ones
  /// Normal with variance 1 / fan-in, cut at two standard deviations: flax's `lecun_normal`, which
  /// the official models use. Fan-in is the product of all sizes but the first.
  case lecunNormal
  /// Normal with this standard deviation.
  case normal(Double)

  /// Draws from libtorch's generator (`Torch.manualSeed`).
  func callAsFunction(_ shape: [Int]) -> Tensor {
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .ones(shape)
    case .normal(let deviation): return .randn(shape) * deviation
    case .lecunNormal:
      let fanIn = shape.dropFirst().reduce(1, *)
      // erf(2 / √2), and the standard deviation of a unit normal that was cut at ±2.
      let reach = 0.9544997361036416
      let deviation = 0.87962566103423978
      let uniform = (Tensor.rand(shape) * 2 - 1) * reach
      let scale = (2.0 / Double(fanIn)).squareRoot() / deviation
      return uniform.inverseErf() * scale
    }
  }
}
