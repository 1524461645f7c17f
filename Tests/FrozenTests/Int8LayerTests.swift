import Foundation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// A convolution between one that gives it exact steps of its input's range, and one that gives its own bytes as they are.
private final class OneLayer: Model {
  let store = ParameterStore()
  var input = InputScaling.official
  let classifier: Linear
  private let stem: Conv2d
  private let layer: Conv2d
  private let last: Conv2d
  private let activation: Activation?

  init(_ kind: Int8LayerTests.Kind) {
    let (root, output) = (store.root, kind.output)
    stem = Conv2d(root / "stem", 3, kind.input, kernel: 1)
    layer = Conv2d(
      root / "layer", kind.input, output, kernel: kind.kernel, groups: kind.groups,
      padding: .zeros(0), bias: true)
    last = Conv2d(root / "last", output, output, kernel: 1)
    classifier = Linear(root / "head", output, output, .headKernel)
    activation = kind.activation
    // Each channel is one of the three, or less it.
    let spread = (0..<kind.input * 3).map { place -> Float in
      let (channel, color) = (place / 3, place % 3)
      return channel % 3 == color ? (channel / 3 % 2 == 0 ? 1 : -1) : 0
    }
    stem.weight.value.copy(from: Tensor(spread, shape: [kind.input, 3, 1, 1]))
    let identity = (0..<output * output).map { $0 % (output + 1) == 0 ? Float(1) : 0 }
    for parameter in [last.weight, classifier.weight] {
      parameter.value.copy(from: Tensor(identity, shape: parameter.value.shape))
    }
    layer.bias?.value.copy(from: .randn([output]))
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    let values = layer(stem(images, mode), mode)
    return last(activation.map { $0(values) } ?? values, mode).spatialMean(keepsSides: false)
  }
}

/// Each kind of layer gives what bytes give that are multiplied and added as whole numbers, then scaled.
@Suite(
  .enabled(
    if: PyTorch.python != nil && OpenVINO.atHand != nil && Processor.hasByteProducts,
    "no Python with NumPy, OpenVINO or byte products"))
struct Int8LayerTests {
  struct Kind: Sendable, CustomTestStringConvertible {
    let input: Int
    let output: Int
    let kernel: Int
    var groups = 1
    var activation: Activation?
    var testDescription: String { "\(input) to \(output), \(kernel) x \(kernel), \(groups) groups" }
  }

  static let kinds = [
    Kind(input: 24, output: 32, kernel: 3, activation: .relu),
    Kind(input: 768, output: 64, kernel: 1),
    Kind(input: 48, output: 48, kernel: 3, groups: 48, activation: .relu6),
    Kind(input: 32, output: 32, kernel: 5, groups: 32, activation: .hardSwish),
    Kind(input: 64, output: 64, kernel: 3, groups: 2),
    Kind(input: 3, output: 16, kernel: 7, activation: .hardSwish),
  ]

  private struct Layer: Encodable {
    let scale: Float
    let zero: Int
    let outputScale: Float
    let outputZero: Int
    let groups: Int
    let activation: String
  }

  private struct Difference: Decodable {
    let levels: Double
    let share: Double
  }

  @Test(arguments: kinds) func aLayerIsExactIntegerArithmetic(kind: Kind) throws {
    let openVINO = try #require(OpenVINO.atHand)
    let count = 256
    let model = Torch.withSeed(9) { OneLayer(kind) }
    let levels = Torch.withSeed(4) {
      (Tensor.rand([count, 3, kind.kernel, kind.kernel]) * 256 - 128).array(as: Float.self)
    }.map { $0.rounded(.down) }
    let views = Tensor(levels.map { $0 / 128 }, shape: [count, 3, kind.kernel, kind.kernel])
    let kernel = try #require(model.store["layer.weight"]).value
    model.freeze(on: .cpu, .f32)
    var scales = Int8Calibration(of: model, views: views) { _ in false }.scales
    let found = try #require(scales.layers["layer.weight"])
    let output = try #require(scales.layers["last.weight"]).input
    // A step of the input is one of the images'.
    let input = Int8Scales.Range(scale: 1 / 128, zero: 128)
    scales.layers = [
      "layer.weight": .init(input: input, kernel: found.kernel, bias: found.bias),
      "last.weight": .init(
        input: output, kernel: Array(repeating: 1 / 127, count: kind.output),
        bias: Array(repeating: 0, count: kind.output)),
    ]
    let network = try FrozenNetwork(
      model, height: kind.kernel, width: kind.kernel, precision: .f32, batchSize: 64,
      int8: scales, with: openVINO)
    let logits = network(views, .evaluation(.f32)).array(as: Float.self)

    let folder = try TemporaryFolder()
    let places = kind.kernel * kind.kernel
    var codes: [Float] = []
    for image in 0..<count {
      for channel in 0..<kind.input {
        let sign: Float = channel / 3 % 2 == 0 ? 1 : -1
        let start = (image * 3 + channel % 3) * places
        codes += levels[start..<start + places].map { min(255, max(0, sign * $0 + 128)) }
      }
    }
    let arrays = [
      "codes": Tensor(codes, shape: [count, kind.input, kind.kernel, kind.kernel]),
      "kernel": kernel, "scales": Tensor(found.kernel), "bias": Tensor(found.bias),
      "computed": Tensor(
        logits.map { ($0 / output.scale).rounded() + Float(output.zero) },
        shape: [count, kind.output]),
    ]
    for (name, array) in arrays { try Npy.write(array, to: folder.file("\(name).npy")) }
    let layer = Layer(
      scale: input.scale, zero: input.zero, outputScale: output.scale, outputZero: output.zero,
      groups: kind.groups, activation: kind.activation.map { "\($0)" } ?? "none")
    try JSONText.write(layer, to: folder.file("layer.json"))
    let text = try PyTorch.run(script: "int8_layer.py", arguments: [folder.path])
    let difference = try JSONDecoder().decode(Difference.self, from: Data(text.utf8))
    #expect(difference.levels <= 1 && difference.share <= 0.001, "\(difference)")
  }
}
