import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A network that is only asked: its kernels are standardised once and kept in the precision that
/// it computes in.
public struct Teacher {
  /// Input size in pixels.
  public let resolution: Int
  private let network: any Classifier
  private let mode: Mode

  /// Freezes `network`, which must not be trained afterwards.
  ///
  /// - Parameter precision: bf16, f16 or f32.
  public init(_ network: any Classifier, resolution: Int, precision: DType, device: Device) {
    network.freeze(on: device, precision)
    self.network = network
    self.resolution = resolution
    mode = .evaluation(precision)
  }

  /// Number of classes.
  public var classes: Int { network.classes }

  /// Number of trainable values, where it is known.
  public var parameterCount: Int? { network.parameterCount }

  /// Multiply-accumulates of one image, where they are known.
  public var multiplyAccumulates: Int? {
    network.multiplyAccumulates(height: resolution, width: resolution)
  }

  /// Logits (N, classes), f32, of images (N, 3, H, W) in [-1, 1], which it brings to its own range.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    // The copy is an ordinary tensor: those of inference mode cannot take part in a gradient.
    withInference { network(images, mode) }.clone()
  }
}
