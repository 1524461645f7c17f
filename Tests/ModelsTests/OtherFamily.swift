import FunMatchModels
import FunMatchNN
import FunMatchSettings
import FunMatchTorch

/// A family as a user of the library adds one; nothing in it is known to the package.
struct OtherFamily: NetworkSpec {
  static let name = "other"
  static let summary = "One convolution and the mean."
  static let keys: [Key<OtherFamily>] = [
    Key("channels", \.channels, "What the convolution makes.", .positive(upTo: 512)), .classes,
  ]
  static let known = [
    (name: "other-8", spec: OtherFamily(channels: 8)),
    (name: "other-16", spec: OtherFamily(channels: 16)),
  ]
  static let layouts = [
    WeightLayout("own", headBias: "head.bias", isOf: { $0.contains("first.weight") }),
    WeightLayout(
      "older", headBias: "fc.bias", isOf: { $0.contains("conv.weight") },
      translate: { arrays, _ in
        arrays.map {
          ($0.name.replacing("conv.", with: "first.").replacing("fc.", with: "head."), $0.tensor)
        }
      }),
  ]

  var channels = 8
  var classes: Int?

  var usualInput: InputScaling { .imageNet }

  func build(_ values: InitialValues) throws -> any Model { try OtherNetwork(self, values) }
}

final class OtherNetwork: Model {
  let store: ParameterStore
  var input = InputScaling.imageNet
  let classifier: Linear
  private let first: Conv2d

  init(_ spec: OtherFamily, _ values: InitialValues) throws {
    let classes = try spec.checkedClasses()
    store = ParameterStore(values)
    first = Conv2d(store.root / "first", 3, spec.channels, kernel: 3, stride: 2)
    classifier = Linear(store.root / "head", spec.channels, classes, .headKernel)
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    Activation.relu(first(images, mode)).spatialMean(keepsSides: false)
  }
}
