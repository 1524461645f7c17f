import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Networks that give features, networks with another head, and heads of programs.
struct ReplacedHeadTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One of every family, small, with its side in pixels.
  private static let networks: [(spec: ModelSpec, side: Int)] = [
    (
      .bit(BiTSpec(depth: [1, 1], width: 0.25, classes: 5, stem: .small(stride: 2), groups: 8)), 16
    ),
    (ModelSpec(ResNetSpec(depth: 18, classes: 5)), 32),
    (ModelSpec(ViTSpec(size: .tiny, patch: 8, resolution: 16, classes: 5)), 16),
    (ModelSpec(MobileNetV3Spec(size: .small, width: 0.5, classes: 5)), 32),
    (ModelSpec(EfficientNetLiteSpec(variant: 0, classes: 5)), 32),
  ]

  @Test(arguments: networks.indices) func featuresAreWhatTheHeadSees(of place: Int) throws {
    let (spec, side) = Self.networks[place]
    let model = try spec.build(seed: 3)
    let (images, weight, bias) = Torch.withSeed(4) {
      (
        Tensor.rand([3, 3, side, side]) * 2 - 1,
        Tensor.randn([7, model.classifier.weight.value.shape[1]]), Tensor.randn([7])
      )
    }
    let file = ModelFile(
      model: model, spec: spec, classNames: ["a", "b", "c", "d", "e"],
      preprocessing: EvaluationPreprocessing(resize: side, crop: side))
    let mode = Mode.evaluation(.f32)
    let features = withInference { try? file.features().model(images, mode) }
    let wanted = withInference { model.features(model.input(images).channelsLast, mode).to(.f32) }
    let given = try #require(features)
    #expect(given.shape == [3, file.featureCount])
    // Products with 1, and sums with zeros.
    #expect(maximumDifference(given, wanted) == 0)

    let other = try file.replacingHead(
      weight: weight, bias: bias, classNames: (0..<7).map { "class \($0)" })
    let path = folder.file("other.safetensors")
    try other.write(to: path)
    let read = try ModelFile(path: path)
    #expect(read.spec.classes == 7 && read.classNames.count == 7 && !read.hasUntrainedHead)
    #expect(read.preprocessing == file.preprocessing && read.model.input == model.input)
    let logits = withInference { read.model(images, mode) }
    let expected = wanted.to(.f64).matmul(weight.to(.f64).permuted([1, 0])) + bias.to(.f64)
    // Sums of up to 1,280 products in f32.
    #expect(relativeDifference(logits, expected: expected) < 1e-5)
    // The network itself stays as it is.
    #expect(model.classes == 5)
  }

  private final class Doubling: Classifier {
    let classes = 3
    let parameterCount: Int? = nil
    func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }
    func freeze(on device: Device, _ precision: DType) {}
    func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
      images.reshaped([images.shape[0], 3]) * 2
    }
  }

  private func head(_ features: Int) -> ProgramHead {
    ProgramHead(
      weight: Tensor((0..<2 * features).map { Float($0) }, shape: [2, features]),
      bias: Tensor([Float(0.5), -1]), classNames: ["yes", "no"],
      origin: .init(program: "sum", input: "{}", outputs: .probabilities))
  }

  @Test func aHeadStandsBehindAProgram() throws {
    let path = folder.file("head.safetensors")
    try head(3).write(to: path)
    let read = try ProgramHead(path: path)
    #expect(read.classNames == ["yes", "no"] && read.origin == head(3).origin)
    #expect((read.classes, read.featureCount) == (2, 3))
    let network = try HeadedClassifier(Doubling(), read, on: .cpu, path: path)
    let images = Tensor([Float(1), 2, 3], shape: [1, 3, 1, 1])
    // 2 · (0 + 2 + 6) + 0.5 and 2 · (3 + 8 + 15) - 1.
    #expect(network(images, .evaluation(.f32)).array(as: Float.self) == [16.5, 51])
    let wrong = #expect(throws: TorchError.self) {
      try HeadedClassifier(Doubling(), head(4), on: .cpu, path: "other.safetensors")
    }
    #expect(
      wrong?.description == "other.safetensors: sees 4 features, and the network gives 3 values")
  }

  @Test func damagedAndForeignHeadsAreRefused() throws {
    let path = folder.file("head.safetensors")
    try head(3).write(to: path)
    for read in [
      { _ = try ModelFile(path: path) }, { _ = try WeightImport(path: path, spec: nil) },
    ] {
      let error = #expect(throws: (any Error).self) { try read() }
      #expect("\(error as Any)".contains("is the last layer of a program alone"))
    }
    let bytes = try folder.bytes("head.safetensors")
    for place in [bytes.count - 1, bytes.count - 20] {
      var damaged = bytes
      damaged[place] ^= 1
      _ = try folder.write("damaged.safetensors", damaged)
      let error = #expect(throws: (any Error).self) {
        try ProgramHead(path: folder.file("damaged.safetensors"))
      }
      #expect("\(error as Any)".contains("is damaged"))
    }
    try Safetensors.write([(name: "weight", tensor: .ones([2, 3]))], to: path)
    let error = #expect(throws: (any Error).self) { try ProgramHead(path: path) }
    #expect("\(error as Any)".contains("funmatch.programHead"))
    #expect(throws: (any Error).self) {
      let endless = Tensor([Float.infinity, 0, 0, 0], shape: [2, 2])
      try ProgramHead(
        weight: endless, bias: .zeros([2]), classNames: [], origin: head(3).origin
      ).write(to: folder.file("endless.safetensors"))
    }
    #expect(try folder.contents.contains("endless.safetensors") == false)
  }
}
