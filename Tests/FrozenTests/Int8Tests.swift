import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// A convolution whose every output is a logit.
private final class OneConvolution: Model {
  let store = ParameterStore()
  var input = InputScaling.official
  let classifier: Linear
  private let convolution: Conv2d
  private let relu: Bool

  init(_ channels: Int, relu: Bool) {
    convolution = Conv2d(
      store.root / "stem", 3, channels, kernel: 3, padding: .zeros(0), bias: true)
    classifier = Linear(store.root / "head", channels, channels, .headKernel)
    self.relu = relu
    let identity = (0..<channels * channels).map { $0 % (channels + 1) == 0 ? Float(1) : 0 }
    classifier.weight.value.copy(from: Tensor(identity, shape: [channels, channels]))
    Torch.withSeed(3) { store["stem.bias"]?.value.copy(from: .randn([channels])) }
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    let values = convolution(images, mode)
    return (relu ? Activation.relu(values) : values).spatialMean(keepsSides: false)
  }
}

@Suite(
  .enabled(
    if: OpenVINO.atHand != nil && Processor.hasByteProducts,
    "OpenVINO or byte products are not here"))
struct Int8Tests {
  private static func views(_ count: Int, side: Int) -> Tensor {
    Torch.withSeed(5) { .rand([count, 3, side, side]) * 2 - 1 }
  }

  /// The same every time.
  private static func convolution(_ channels: Int, relu: Bool) -> OneConvolution {
    Torch.withSeed(9) { OneConvolution(channels, relu: relu) }
  }

  private func openVINO() throws -> OpenVINO { try #require(OpenVINO.atHand) }

  /// What is computed is as near to float as calibration reckoned: no range, correction or sum is another layer's. OpenVINO
  /// leaves out some roundings, where a sum is part of a convolution, so that logits themselves differ.
  @Test(arguments: ["resnet18", "efficientnet-lite0", "mobilenet-v3-small", "bit-r50x1"])
  func whatIsComputedIsAsNearAsReckoned(name: String) throws {
    let model = try FrozenNetworkTests.network(name)
    let views = Self.views(16, side: 64)
    let float = withInference { model(views, .evaluation(.f32)) }
    model.freeze(on: .cpu, .f32)
    let calibration = Int8Calibration(of: model, views: views) { _ in false }
    let network = try FrozenNetwork(
      model, height: 64, width: 64, precision: .f32, batchSize: 16, int8: calibration.scales,
      with: openVINO())
    let logits = network(views, .evaluation(.f32))
    func power(_ logits: Tensor) -> Double { (logits - float).sumOfSquares }
    let (computed, reckoned) = (power(logits), power(calibration.logits))
    #expect(computed > 0 && computed < 2 * reckoned, "\(computed), reckoned \(reckoned)")
  }

  /// What rounding takes away in the mean is given back, behind an activation as well.
  @Test(arguments: [false, true]) func meansAreThoseOfFloat(relu: Bool) throws {
    let views = Self.views(64, side: 3)
    let network = try Int8Network(
      { Self.convolution(16, relu: relu) }, views: views, batchSize: 64, with: openVINO())
    let float = withInference { Self.convolution(16, relu: relu)(views, .evaluation(.f32)) }
    let other = network.network(views, .evaluation(.f32))
    #expect(relativeDifference(other.mean([0]), expected: float.mean([0])) < 1e-3)
    #expect(relativeDifference(other, expected: float) < 0.03)
  }

  @Test func blocksThatHurtStayInFloatOrItIsRefused() throws {
    func load() throws -> any Model { try FrozenNetworkTests.network("mobilenet-v3-small") }
    let (views, check) = (Self.views(32, side: 64), Self.views(48, side: 64).narrowed(0, 32..<48))
    func network(_ kl: Double) throws -> Int8Network {
      try Int8Network(
        load, views: views, check: check, mixed: check,
        limits: .init(agreement: 0, kl: kl), batchSize: 16, with: openVINO())
    }
    let all = try network(1e9)
    let found = try #require(all.findings.agreement)
    #expect(all.findings.floatBlocks.isEmpty && found.kl > 0)
    #expect(all.findings.mixedAgreement == found)
    let some = try network(found.kl / 2)
    #expect(!some.findings.floatBlocks.isEmpty)
    #expect(try #require(some.findings.agreement).kl <= found.kl / 2)
    let text = message { _ = try network(1e-12) }
    #expect(
      text?.contains("int8.kl 1e-12") == true && text?.contains("KL of") == true, "\(text ?? "")")
    // The same findings make the same network, whose bits depend on nothing else.
    let again = try Int8Network(
      load, side: 64, findings: some.findings, batchSize: 5, with: openVINO())
    let logits = again.network(check, .evaluation(.f32))
    #expect(maximumDifference(logits, some.network(check, .evaluation(.f32))) == 0)
  }
}
