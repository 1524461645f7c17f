import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A network that is only asked: its kernels are standardised once and kept in the precision that
/// it computes in.
public struct Teacher {
  /// Input size in pixels.
  public let resolution: Int
  private let model: any Model
  private let mode: Mode

  /// Freezes `model`, which must not be trained afterwards.
  ///
  /// - Parameter precision: bf16, f16 or f32.
  public init(_ model: any Model, resolution: Int, precision: DType, device: Device) {
    model.store.move(to: device)
    model.store.freeze(precision)
    self.model = model
    self.resolution = resolution
    mode = .evaluation(precision)
  }

  /// Number of classes.
  public var classes: Int { model.classes }

  /// Logits (N, classes), f32, of images (N, 3, H, W) in [-1, 1].
  public func callAsFunction(_ images: Tensor) -> Tensor {
    // The copy is an ordinary tensor: those of inference mode cannot take part in a gradient.
    withInference { model(images, mode) }.clone()
  }
}
