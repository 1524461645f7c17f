import FunMatchModels
import FunMatchNN
import FunMatchSettings
import FunMatchTorch

/// A family of networks: 3×3 convolutions with batch normalisation, each of which halves the sides
/// and, after the first, doubles the channels.
struct PlainNet: NetworkSpec {
  static let name = "plain"
  static let summary = "Strided 3×3 convolutions with batch normalisation."
  static let keys: [Key<PlainNet>] = [
    Key("width", \.width, "Channels of the first convolution.", .positive(upTo: 256)),
    Key("depth", \.depth, "Number of convolutions.", .positive(upTo: 6)),
    .classes,
  ]
  static let known = [
    (name: "plain-small", spec: PlainNet(width: 8)),
    (name: "plain-large", spec: PlainNet(width: 32)),
  ]
  /// Files with the names that `PlainNetwork` gives can be imported.
  static let layouts = [
    WeightLayout("own", headBias: "head.bias", isOf: { $0.contains("blocks.0.conv.weight") })
  ]

  var width = 16
  var depth = 3
  var classes: Int?

  var usualInput: InputScaling { .official }

  func build(_ values: InitialValues) throws -> any Model { try PlainNetwork(self, values) }
}

/// The network. It is generic over `Signal`, so that its cost and its ONNX graph come by themselves.
final class PlainNetwork: Model {
  let store: ParameterStore
  var input = InputScaling.official
  let classifier: Linear
  private let blocks: [(conv: Conv2d, norm: BatchNorm2d)]

  init(_ spec: PlainNet, _ values: InitialValues) throws {
    let classes = try spec.checkedClasses()
    let store = ParameterStore(values)
    let channels = [3] + (0..<spec.depth).map { spec.width << $0 }
    blocks = (0..<spec.depth).map { number in
      let path = store.root / "blocks" / number
      let conv = Conv2d(
        path / "conv", channels[number], channels[number + 1], kernel: 3, stride: 2)
      return (conv, BatchNorm2d(path / "norm", channels[number + 1], after: conv))
    }
    classifier = Linear(store.root / "head", channels[spec.depth], classes, .headKernel)
    self.store = store
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    let maps = blocks.reduce(images) { x, block in
      Activation.relu(block.norm(block.conv(x, mode), mode))
    }
    return maps.spatialMean(keepsSides: false)
  }
}
