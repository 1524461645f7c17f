import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Exported graphs, checked and run by ONNX itself and by ONNX Runtime.
@Suite struct ONNXTests {
  private static let small = BiTSpec(depth: [1, 1], width: 0.5, classes: 5, groups: 8)

  /// A BiT with a head that says something.
  private static func bit(_ spec: BiTSpec) throws -> any Model {
    let model = try ModelSpec.bit(spec).build(seed: 3)
    Torch.withSeed(4) {
      for parameter in model.head {
        parameter.value.copy(from: .randn(parameter.value.shape))
      }
    }
    return model
  }

  private static func images(_ count: Int, side: Int) -> Tensor {
    Torch.withSeed(5) { .rand([count, 3, side, side]) * 2 - 1 }
  }

  private static func operations() -> Operations { Torch.withSeed(6) { Operations() } }

  private static func logits(_ model: any Model, _ images: Tensor) -> Tensor {
    withInference { model.logits(images, .evaluation(.f32)) }
  }

  @Test(.enabled(if: PyTorch.python != nil), arguments: Soak.first(of: [5, 1]))
  func everyOperationIsThatOfONNX(count: Int) throws {
    let model = Self.operations()
    let images = Self.images(count, side: Operations.side)
    let (said, logits) = try Runtime.run(try ONNXModel(model, side: Operations.side), images)
    #expect(relativeDifference(Self.logits(model, images), expected: logits) < said.tolerance)
    #expect(said.unused.isEmpty)
    #expect(said.images == ["batch", "3", "29", "29"])
    #expect(said.logits == ["batch", "7"])
    // Two of the five have a convolution to themselves.
    #expect(said.operators.filter { $0 == "BatchNormalization" }.count == 3)
    #expect(said.nodes.contains("stem") && said.nodes.contains("gate.reduce"))
  }

  @Test(
    .enabled(if: PyTorch.python != nil),
    arguments: [BiTSpec.Stem.official, .timm, .small(stride: 2)])
  func aBiTGivesTheSameLogits(stem: BiTSpec.Stem) throws {
    var spec = Self.small
    spec.stem = stem
    let model = try Self.bit(spec)
    let images = Self.images(3, side: 33)
    let (said, logits) = try Runtime.run(try ONNXModel(model, side: 33), images)
    #expect(relativeDifference(Self.logits(model, images), expected: logits) < said.tolerance)
    #expect(said.unused.isEmpty)
    #expect(said.nodes.contains("stages.1.blocks.0.downsample.conv"))
  }

  @Test(
    .enabled(if: PyTorch.python != nil),
    arguments: Registry.standard.families.compactMap { $0.known.first?.name })
  func everyFamilyGivesTheSameLogits(name: String) throws {
    var spec = try ModelSpec(named: name)
    spec.classes = 10
    let model = try spec.build(seed: 7)
    Torch.withSeed(8) {
      for parameter in model.head { parameter.value.copy(from: .randn(parameter.value.shape)) }
    }
    let side = spec.network.fixedResolution ?? (Soak.isOn ? 224 : 64)
    let images = Self.images(1, side: side)
    let (said, logits) = try Runtime.run(try ONNXModel(model, side: side), images)
    #expect(relativeDifference(Self.logits(model, images), expected: logits) < said.tolerance)
    #expect(said.unused.isEmpty)
    #expect(!said.operators.contains("BatchNormalization"))
  }

  @Test(.enabled(if: PyTorch.python != nil), arguments: Soak.first(of: [75, 64]))
  func officialWeightsGiveTheOfficialLogits(side: Int) throws {
    let json = try Golden.json("bit4_config.json")
    let spec = BiTSpec(
      depth: try #require(json["depth"] as? [Int]), width: try #require(json["width"] as? Double),
      groups: try #require(json["gn_groups"] as? Int))
    let file = try WeightImport(path: Golden.path("bit4_weights.npz"), spec: .bit(spec)).file
    let arrays = try Golden.npz("bit4_forward.npz")
    let images = try #require(arrays["x\(side)_image"]).permuted([0, 3, 1, 2]).contiguous
    let (_, logits) = try Runtime.run(try ONNXModel(file, side: side), images)
    #expect(maximumDifference(logits, try #require(arrays["x\(side)_logits"])) <= 2e-4)
  }

  @Test(
    .enabled(if: PyTorch.python != nil),
    arguments: Soak.first(of: [
      InputScaling(mean: [104, 117, 123], std: [57, 58, 59], range: 255, colorOrder: .bgr),
      .official, .imageNet,
    ]))
  func pixelsAreScaledInTheGraph(input: InputScaling) throws {
    let model = try Self.bit(Self.small)
    model.input = input
    let pixels = (Self.images(2, side: 16) + 1) * 127.5
    let (said, logits) = try Runtime.run(try ONNXModel(model, side: 16, images: .pixels), pixels)
    let expected = withInference { model(pixels * (1 / 127.5) - 1, .evaluation(.f32)) }
    #expect(relativeDifference(expected, expected: logits) < said.tolerance)
  }

  @Test(.enabled(if: PyTorch.python != nil))
  func kernelsInHalfPrecisionAreRoundedAndNothingElse() throws {
    let model = Self.operations()
    let images = Self.images(2, side: Operations.side)
    let (said, logits) = try Runtime.run(
      try ONNXModel(model, side: Operations.side, kernels: .f16), images)
    let difference = relativeDifference(logits, expected: Self.logits(model, images))
    #expect(difference > 1e-6 && difference < 1e-2)
    #expect(
      said.halves.sorted()
        == model.store.parameters.filter(\.decays).map(\.name).sorted())
    #expect(said.operators.filter { $0 == "Cast" }.count == said.halves.count)
  }

  @Test(.enabled(if: PyTorch.python != nil)) func theFileTellsHowToUseIt() throws {
    let model = try Self.bit(Self.small)
    let file = ModelFile(
      model: model, spec: .bit(Self.small), classNames: ["a", "b \"quoted\"", "ç", "d", "e"],
      preprocessing: EvaluationPreprocessing(resize: 24, crop: 16, interpolation: .bicubic))
    let (said, _) = try Runtime.run(
      try ONNXModel(file, images: .pixels), Self.images(1, side: 16))
    #expect(said.producer == "funmatch")
    #expect(said.opset == 17)
    let metadata = said.metadata
    let classes = try JSONDecoder().decode(
      [String].self, from: Data((metadata["classes"] ?? "").utf8))
    #expect(classes == file.classNames)
    #expect(metadata["mean"] == "[0.5,0.5,0.5]" && metadata["std"] == "[0.5,0.5,0.5]")
    #expect(metadata["range"] == "1" && metadata["color_order"] == "rgb")
    #expect(metadata["normalization"] == "included")
    #expect(metadata["resize"] == "24" && metadata["crop"] == "16")
    #expect(metadata["interpolation"] == "bicubic")
    let spec = try JSONDecoder().decode(
      ModelSpec.self, from: Data((metadata["model"] ?? "").utf8))
    #expect(spec == file.spec)
  }

  @Test func theSameNetworkGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      let file = ModelFile(
        model: try Self.bit(Self.small), spec: .bit(Self.small), classNames: ["x", "y"],
        preprocessing: EvaluationPreprocessing(resize: 24, crop: 16))
      try ONNXModel(file).write(to: folder.file(name))
    }
    #expect(try folder.bytes("a") == folder.bytes("b"))
  }

  @Test func whatCannotBeExportedIsRefused() throws {
    let model = Self.operations()
    func refused(_ words: String, _ make: () throws -> ONNXModel) {
      #expect { _ = try make() } throws: { "\($0)".contains(words) }
    }
    refused("bf16") { try ONNXModel(model, side: 29, kernels: .bf16) }
    refused("0 pixels") { try ONNXModel(model, side: 0) }
    refused("positions is for 5 tokens, images of this size make 17") {
      try ONNXModel(model, side: 64)
    }
    refused("does not tell how large") {
      try ONNXModel(ModelFile(model: try Self.bit(Self.small), spec: .bit(Self.small)))
    }
    let huge = Self.operations()
    huge.head[0].value.copy(from: .full(huge.head[0].value.shape, 1e6))
    refused("head.weight has values beyond 65504") {
      try ONNXModel(huge, side: 29, kernels: .f16)
    }
  }
}
