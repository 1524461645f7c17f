import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Networks on OpenVINO; what they compute is compared with timm and the official code where the families' own tests are.
@Suite(.enabled(if: OpenVINO.atHand != nil, "OpenVINO is not here"))
struct FrozenNetworkTests {
  static let families = Registry.standard.families.compactMap { $0.known.first?.name }

  /// A network that says something.
  static func network(_ name: String, classes: Int = 10) throws -> any Model {
    var spec = try ModelSpec(named: name)
    spec.classes = classes
    let model = try spec.build(seed: 7)
    Torch.withSeed(8) {
      for parameter in model.head { parameter.value.copy(from: .randn(parameter.value.shape)) }
    }
    return model
  }

  private static func side(_ name: String) throws -> Int {
    try ModelSpec(named: name).network.fixedResolution ?? 64
  }

  private static func views(_ count: Int, side: Int) -> Tensor {
    Torch.withSeed(5) { .rand([count, 3, side, side]) * 2 - 1 }
  }

  private func frozen(
    _ model: any Model, _ side: Int, images: ONNXModel.Images = .views, batchSize: Int
  ) throws -> FrozenNetwork {
    try FrozenNetwork(
      model, height: side, width: side, images: images, precision: .f32, batchSize: batchSize,
      with: try #require(OpenVINO.atHand))
  }

  /// Whatever threads there are, however many images go through it at once, and wherever one stands among them.
  @Test(arguments: families) func bitsDoNotDependOnHowWorkIsCut(name: String) throws {
    let (model, side) = (try Self.network(name), try Self.side(name))
    let views = Self.views(5, side: side)
    let usual = Torch.threads
    defer { Torch.threads = usual }
    var all: [Tensor] = []
    for (threads, batchSize) in Soak.first(3, of: [(1, 5), (2, 2), (2, 8), (2, 5), (1, 3)]) {
      Torch.threads = threads
      let network = try frozen(model, side, batchSize: batchSize)
      #expect(network.batchSize == batchSize)
      all.append(network(views.channelsLast, .evaluation(.f32)))
      #expect(maximumDifference(network(views, .evaluation(.f32)), all[0]) == 0)
      let turned = network(views.rolled(1), .evaluation(.f32))
      #expect(maximumDifference(turned, all[0].rolled(1)) == 0)
    }
    for logits in all { #expect(maximumDifference(logits, all[0]) == 0) }
    // They are those of libtorch, as near as those of another batch.
    let other = withInference { model(views, .evaluation(.f32)) }
    #expect(relativeDifference(all[0], expected: other) < 1e-3)
  }

  /// As they were read, as OpenVINO keeps them, and as it packs them; a fourth time would not fit beside what it keeps of
  /// operators. Of 805 MB of R50x3 the peak was 3.06 times as much, all included.
  @Test func weightsAreInMemoryThreeTimesAtMost() async {
    await #expect(processExitsWith: .success) {
      Torch.keepFreedMemory()
      func compiled(_ name: String) throws -> FrozenNetwork {
        try FrozenNetwork(
          Self.network(name), height: 32, width: 32, precision: .f32, batchSize: 1,
          with: try #require(OpenVINO.atHand), keepsWeights: false)
      }
      // What OpenVINO needs for itself.
      _ = try compiled("mobilenet-v3-small")
      let before = try peakMemory()
      let network = try compiled("resnetv2_50x1_bit")
      let bytes = try #require(network.parameterCount) * MemoryLayout<Float>.size
      #expect(try peakMemory() - before < 4 * bytes)
    }
  }

  @Test(
    arguments: [
      InputScaling.official, .imageNet,
      InputScaling(mean: [104, 117, 123], std: [57, 58, 59], range: 255, colorOrder: .bgr),
    ])
  func allThatCallersHaveGivesTheSameLogits(input: InputScaling) throws {
    let model = try Self.network("mobilenet-v3-small")
    model.input = input
    let pixels = Torch.withSeed(6) { Tensor.rand([3, 40, 56, 3]) * 255 }.to(.u8)
    let views = pixels.permuted([0, 3, 1, 2]).to(.f32) * (2 / 255.0) - 1
    let expected = withInference { model(views, .evaluation(.f32)) }
    let given: [(ONNXModel.Images, Tensor)] = [
      (.views, views.permuted([0, 2, 3, 1])), (.bytes, pixels),
      (.scaledRows, input(views).permuted([0, 2, 3, 1])),
    ]
    for (images, values) in given {
      let network = try FrozenNetwork(
        model, height: 40, width: 56, images: images, precision: .f32, batchSize: 3,
        with: try #require(OpenVINO.atHand))
      #expect(relativeDifference(network.logits(values), expected: expected) < 1e-4)
      #expect(network.multiplyAccumulates(height: 40, width: 56) != nil)
      #expect(network.parameterCount == model.parameterCount && network.classes == 10)
    }
  }
}
