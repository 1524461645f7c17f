import FunMatchModels
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// The families of networks for phones against timm's, all of them, on values that both sides make
/// from the arrays' names: logits that agree tell that every array has timm's name and shape, and
/// their number that none is missing.
struct MobileNetworkTests {
  private static let networks: [(name: String, spec: ModelSpec)] =
    MobileNetV3Spec.known.map { ($0.name, ModelSpec($0.spec)) }
    + EfficientNetLiteSpec.known.map { ($0.name, ModelSpec($0.spec)) }
    + [
      ("mobilenetv3_small_100 group 8", ModelSpec(MobileNetV3Spec(size: .small, norm: .group))),
      (
        "mobilenetv3_large_100 group 4",
        ModelSpec(MobileNetV3Spec(size: .large, norm: .group, groups: 4))
      ),
    ]

  private static let names = MobileFixture.all.keys.sorted()

  private func network(_ name: String) throws -> (any Model, MobileFixture) {
    let spec = try #require(Self.networks.first { $0.name == name }?.spec)
    return (try MobileFixture.model(spec), try #require(MobileFixture.all[name]))
  }

  private func expected(_ values: [Double]) -> Tensor {
    let classes = MobileFixture.classes
    return Tensor(values, shape: [values.count / classes, classes]).to(.f32)
  }

  @Test(arguments: names) func logitsAndCostAreTimms(name: String) throws {
    let (model, fixture) = try network(name)
    #expect(model.store.all.count == fixture.arrays)
    #expect(model.parameterCount == fixture.parameters)
    var spec = try #require(Self.networks.first { $0.name == name }?.spec)
    spec.classes = MobileFixture.classes
    #expect(try spec.network.parameterCount == fixture.parameters)
    #expect(model.multiplyAccumulates(height: 224, width: 224) == fixture.macs224x224)
    #expect(model.multiplyAccumulates(height: 75, width: 98) == fixture.macs75x98)
    let images = MobileFixture.images(2, 75, 98)
    let logits = withInference { model.logits(images, .evaluation(.f32)) }
    let timms = expected(fixture.logits)
    let tolerance = deviationsAllowed * fixture.logitsDeviation
    #expect(relativeDifference(logits, expected: timms) < tolerance)
    if let compiled = try openVINOLogits(model, images) {
      #expect(relativeDifference(compiled, expected: timms) < tolerance)
    }
    model.freeze(on: .cpu, .f32)
    let frozen = withInference { model.logits(images, .evaluation(.f32)) }
    #expect(relativeDifference(frozen, expected: timms) < tolerance)
  }

  @Test(arguments: names) func trainingIsTimms(name: String) throws {
    let (model, fixture) = try network(name)
    model.store.requireGradients()
    let logits = model.logits(MobileFixture.images(4, 64, 48), .training(.f32))
    #expect(
      relativeDifference(logits, expected: expected(fixture.trainingLogits))
        < deviationsAllowed * fixture.trainingLogitsDeviation)
    let parameters = model.store.parameters
    let gradients = logits.squared().mean().gradients(of: parameters.map(\.value))
    for (parameter, gradient) in zip(parameters, gradients) {
      guard let norm = fixture.gradientNorms[parameter.name] else { continue }
      let difference = abs(gradient.sumOfSquares.squareRoot() / norm - 1)
      // Where an activation has a kink, a gradient may go either way, which timm's need not have done.
      let tolerance = max(1e-3, deviationsAllowed * fixture.gradientDeviation)
      #expect(difference < tolerance, "\(parameter.name)")
    }
    #expect(model.store.buffers.count == fixture.statisticNorms.count)
    for buffer in model.store.buffers {
      let norm = try #require(fixture.statisticNorms[buffer.name])
      #expect(
        abs(buffer.value.sumOfSquares.squareRoot() / norm - 1)
          < deviationsAllowed * fixture.statisticNormsDeviation, "\(buffer.name)")
      guard let values = fixture.statistics[buffer.name] else { continue }
      let exact = Tensor(values, shape: [values.count]).to(.f32)
      #expect(
        relativeDifference(buffer.value, expected: exact)
          < deviationsAllowed * fixture.statisticsDeviation, "\(buffer.name)")
    }
  }

  @Test func frozenStatisticsAndEvaluationChangeNothing() throws {
    let (model, _) = try network("mobilenetv3_small_050")
    let images = MobileFixture.images(4, 64, 48)
    func values() -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: model.store.buffers.map { ($0.name, $0.value.detached() + 0) })
    }
    let before = values()
    model.store.requireGradients { $0.hasPrefix("bn1.") || $0.hasPrefix("blocks.1.") }
    _ = model.logits(images, .evaluation(.f32))
    for (name, value) in values() {
      #expect(maximumDifference(value, try #require(before[name])) == 0, "\(name)")
    }
    _ = model.logits(images, .training(.f32))
    for (name, value) in values() {
      let isFrozen = name.hasPrefix("bn1.") || name.hasPrefix("blocks.1.")
      #expect((maximumDifference(value, try #require(before[name])) == 0) == isFrozen, "\(name)")
    }
  }

  @Test(arguments: ["mobilenetv3_small_100", "mobilenetv3_small_100 group 8"])
  func halfPrecisionIsClose(name: String) throws {
    let (model, fixture) = try network(name)
    let images = MobileFixture.images(4, 64, 48)
    model.store.requireGradients()
    let logits = model.logits(images, .training(.bf16))
    #expect(logits.dtype == .f32)
    let timms = expected(fixture.trainingLogits)
    let error = (logits - timms).squared().mean().item / timms.squared().mean().item
    #expect(error.squareRoot() < halfDeviationsAllowed * fixture.halfDeviation)
  }
}
