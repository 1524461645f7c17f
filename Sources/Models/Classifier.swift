import FunMatchNN
import FunMatchTorch

/// Something that says to which classes images belong, trainable or not.
public protocol Classifier: AnyObject {
  /// Number of classes.
  var classes: Int { get }
  /// Number of trainable values, where it is known.
  var parameterCount: Int? { get }
  /// Multiply-accumulates for one image of this size in pixels, where they are known.
  func multiplyAccumulates(height: Int, width: Int) -> Int?
  /// Moves to a device for good and keeps what it computes with in `precision`; it is never trained
  /// afterwards.
  func freeze(on device: Device, _ precision: DType)
  /// Logits (N, classes), f32, of RGB images (N, 3, H, W), f32 in [-1, 1], which it brings to its own
  /// range first.
  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor
}
