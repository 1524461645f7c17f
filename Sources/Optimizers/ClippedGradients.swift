import FunMatchNN
import FunMatchTorch

/// The gradients of a network, and by how much clipping by their global norm scales them: the first
/// link of the official chain, before any moment is taken.
public struct ClippedGradients {
  /// Of every parameter, in order; zeros where there is none.
  public let gradients: [Tensor]
  /// Euclidean norm of all of them together, before clipping.
  public let norm: Double
  /// What they are multiplied by, in (0, 1].
  public let scale: Double

  /// The gradients that `backward` left; they are not scaled yet.
  ///
  /// - Parameter clipNorm: the largest norm that stays as it is; 0 clips nothing.
  /// - Throws: `TorchError` when the norm is not finite.
  public init(_ parameters: [Parameter], clipNorm: Double) throws {
    gradients = parameters.map {
      $0.value.gradient ?? .zeros($0.value.shape, device: $0.value.device)
    }
    norm = gradients.reduce(0) { $0 + $1.sumOfSquares }.squareRoot()
    guard norm.isFinite else { throw TorchError("the norm of the gradient is \(norm)") }
    scale = clipNorm > 0 && norm >= clipNorm ? clipNorm / norm : 1
  }
}
