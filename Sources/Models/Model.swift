import FunMatchNN
import FunMatchTorch

/// A network whose parameters are at hand: features, and a linear layer that makes logits of them.
public protocol Model: Classifier {
  /// Its parameters under timm's names.
  var store: ParameterStore { get }
  /// What images are brought to before it sees them.
  var input: InputScaling { get set }
  /// The last layer, whose shape depends on the number of classes.
  var classifier: Linear { get }
  /// What the last layer sees, (N, C), of images (N, 3, H, W) in the network's own range.
  func features<S: Signal>(_ images: S, _ mode: Mode) -> S
}

extension Model {
  /// Number of classes.
  public var classes: Int { classifier.weight.value.shape[0] }

  /// Number of trainable values.
  public var parameterCount: Int? { store.valueCount }

  /// Weight and bias of the last layer.
  public var head: [Parameter] { [classifier.weight, classifier.bias] }

  /// Moves and freezes the parameters (`ParameterStore.freeze`).
  public func freeze(on device: Device, _ precision: DType) {
    store.move(to: device)
    store.freeze(precision)
  }

  /// Logits (N, classes), f32, of RGB images (N, 3, H, W), f32 in [-1, 1].
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    logits(input(images), mode)
  }

  /// Logits (N, classes), f32, of images (N, 3, H, W), f32 in the network's own range. Features are
  /// computed in the mode's precision, the last layer in f32.
  public func logits(_ images: Tensor, _ mode: Mode) -> Tensor {
    let features = withAutocast(mode.precision, on: images.device) {
      self.features(images.to(mode.precision).channelsLast, mode).to(.f32)
    }
    return classifier(features, mode)
  }

  /// Multiply-accumulates of convolutions, linear layers and attention for one image of this size.
  public func multiplyAccumulates(height: Int, width: Int) -> Int? {
    let image = CostSignal(height: height, width: width)
    let mode = Mode.evaluation(.f32)
    return classifier(features(image, mode), mode).multiplyAccumulates
  }

  /// Bytes of the maps of one image of this size that are in memory at a time in a pass, as `MemorySignal` counts them.
  package func mapBytes(height: Int, width: Int, _ mode: Mode) -> Int {
    MemorySignal.bytes(height: height, width: width, mode) {
      classifier(features($0, mode), mode)
    }
  }
}
