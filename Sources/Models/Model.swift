import FunMatchNN
import FunMatchTorch

/// An image classifier.
public protocol Model: AnyObject {
  /// Its parameters under timm's names.
  var store: ParameterStore { get }
  /// Number of classes.
  var classes: Int { get }
  /// What turns features into logits: the parameters whose shapes depend on the number of classes.
  var head: [Parameter] { get }
  /// Logits (N, classes), f32, of images (N, 3, H, W) in the range that the model was trained with,
  /// f32.
  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor
  /// Multiply-accumulates of convolutions and the head for one image of this size, in pixels.
  func multiplyAccumulates(height: Int, width: Int) -> Int
}
