import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct InputScalingTests {
  /// One image of 1 × 2 pixels: (10, 20, 30) and (200, 127, 0), as views bring it.
  private let pixels: [Double] = [10, 200, 20, 127, 30, 0]
  private var images: Tensor {
    Tensor(pixels.map { Float($0 / 255 * 2 - 1) }, shape: [1, 3, 1, 2])
  }

  private static let cases: [(InputScaling, [Double], [Double], Double)] = [
    (.imageNet, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 1.0 / 255),
    (InputScaling(mean: [127, 127, 127], std: [128, 128, 128], range: 255), [127], [128], 1),
    (InputScaling(mean: [0, 0, 0], std: [1, 1, 1]), [0], [1], 1.0 / 255),
  ]

  @Test(arguments: cases)
  func valuesAreThoseOfTheDefinition(
    scaling: InputScaling, mean: [Double], std: [Double], factor: Double
  ) {
    let expected = pixels.enumerated().map { index, pixel in
      let channel = (index / 2) % mean.count
      return Float((pixel * factor - mean[channel]) / std[channel])
    }
    #expect(maximumDifference(scaling(images), Tensor(expected, shape: [1, 3, 1, 2])) < 2e-6)
    #expect(scaling(images.channelsLast).shape == [1, 3, 1, 2])
  }

  @Test func channelsAreTurnedAroundBeforeTheyAreScaled() {
    // Caffe's networks: blue, green, red, less their means.
    let caffe = InputScaling(
      mean: [103.94, 116.78, 123.68], std: [1, 1, 1], range: 255, colorOrder: .bgr)
    let expected: [Float] = [
      30 - 103.94, 0 - 103.94, 20 - 116.78, 127 - 116.78, 10 - 123.68, 200 - 123.68,
    ]
    #expect(maximumDifference(caffe(images), Tensor(expected, shape: [1, 3, 1, 2])) < 1e-4)
  }

  @Test func whatPixelsBecomeIsTold() {
    for scaling in [InputScaling.official, .imageNet, Self.cases[1].0] {
      #expect(scaling.warning == nil)
    }
    // (0 - 0.5) / 100 and (1 - 0.25) / 100.
    let twice = InputScaling(mean: [0.5, 0.25, 0.5], std: [100, 100, 100])
    #expect(twice.warning?.contains("from -0.005 to 0.0075:") == true)
    #expect(InputScaling.official.warning(least: -1, most: 1) == nil)
    // (0 - 0.485) / 0.229 and (1 - 0.406) / 0.225.
    let raw = InputScaling.imageNet.warning(least: 0, most: 255)
    #expect(raw?.contains("from 0 to 255, and those of pixels become -2.118 to 2.64") == true)
  }

  @Test func officialImagesAreLeftAlone() {
    let images = images
    #expect(InputScaling.official(images) === images)
  }

  @Test func oneNumberStandsForAllChannelsAndNonsenseIsRefused() throws {
    func read(_ text: String) throws -> InputScaling {
      try JSONDecoder().decode(InputScaling.self, from: Data(text.utf8))
    }
    #expect(try read(#"{"mean":0.5,"std":0.5}"#).isOfficial)
    let caffe = InputScaling(mean: [1, 2, 3], std: [4, 5, 6], range: 255, colorOrder: .bgr)
    let written = String(decoding: try JSONEncoder().encode(caffe), as: UTF8.self)
    #expect(try read(written) == caffe)
    #expect(throws: DecodingError.self) { try read(#"{"mean":0.5}"#) }
    for wrong in [
      #"{"mean":[1,2],"std":1}"#, #"{"mean":0,"std":0}"#,
      #"{"mean":0,"std":-1}"#, #"{"mean":[123.6,116.2,103.5],"std":58}"#,
      #"{"mean":0,"std":1,"range":2}"#,
      #"{"mean":0,"std":1,"colorOrder":"gbr"}"#,
    ] {
      #expect(throws: SettingsError.self, "\(wrong)") { try read(wrong) }
    }
  }

  /// The file tells what the network wants, and both networks of a run get the same images.
  @Test func aModelFileKeepsIt() throws {
    let folder = try TemporaryFolder()
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.25, classes: 3, stem: .small(stride: 1), groups: 8))
    let model = try spec.build(seed: 1)
    #expect(model.input == .official)
    model.classifier.weight.value.copy(from: Tensor.ones(model.classifier.weight.value.shape))
    let images = Torch.withSeed(2) { Tensor.rand([2, 3, 8, 8]) * 2 - 1 }
    let plain = withInference { model(images, .evaluation(.f32)) }
    model.input = .imageNet
    try ModelFile(model: model, spec: spec).write(to: folder.file("m.safetensors"))
    let read = try ModelFile(path: folder.file("m.safetensors")).model
    #expect(read.input == .imageNet)
    let scaled = withInference { read(images, .evaluation(.f32)) }
    #expect(maximumDifference(scaled, plain) > 1e-3)
    let same = withInference { read.logits(InputScaling.imageNet(images), .evaluation(.f32)) }
    #expect(maximumDifference(scaled, same) == 0)
    let imported = try WeightImport(path: folder.file("m.safetensors"), spec: nil)
    #expect(imported.file.model.input == .imageNet)
  }
}
