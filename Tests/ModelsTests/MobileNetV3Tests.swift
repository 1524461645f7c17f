import Foundation
import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct MobileNetV3Tests {
  private func decoded(_ text: String) throws -> ModelSpec {
    try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
  }

  @Test func specsAreTheSameWrittenAndReadAgain() throws {
    for text in [
      #"{"mobilenetV3":{"size":"small"}}"#,
      #"{"mobilenetV3":{"size":"large","width":0.75,"norm":"batch","classes":5}}"#,
      #"{"mobilenetV3":{"size":"large","norm":"group"}}"#,
      #"{"mobilenetV3":{"size":"large","norm":"group","groups":4}}"#,
      #""mobilenet-v3-small-075""#,
    ] {
      let spec = try decoded(text)
      let again = try JSONDecoder().decode(ModelSpec.self, from: JSONEncoder().encode(spec))
      #expect(spec == again)
    }
    let grouped = MobileNetV3Spec(size: .large, norm: .group)
    #expect(
      try decoded(#"{"mobilenetV3":{"size":"large","norm":"group"}}"#) == ModelSpec(grouped))
    #expect(throws: DecodingError.self) { try decoded(#"{"mobilenetV3":{}}"#) }
    for text in [
      #"{"mobilenetV3":{"size":"medium"}}"#, #"{"mobilenetV3":{"size":"small","groups":8}}"#,
      #"{"mobilenetV3":{"size":"small","norm":"layer"}}"#,
    ] {
      #expect(throws: SettingsError.self) { try decoded(text).validate() }
    }
  }

  @Test func sizesOutOfRangeAreRefused() throws {
    for spec in [
      MobileNetV3Spec(size: .small, width: 0), MobileNetV3Spec(size: .small, width: 1e9),
      MobileNetV3Spec(size: .small, width: .nan), MobileNetV3Spec(size: .small, classes: 0),
      MobileNetV3Spec(size: .small, norm: .group, groups: 16),
      MobileNetV3Spec(size: .small, norm: .group, groups: 3),
      MobileNetV3Spec(size: .small, norm: .group, groups: 0), MobileNetV3Spec(size: .small),
      MobileNetV3Spec(size: .small, groups: 8, classes: 2),
    ] {
      let error = #expect(throws: SettingsError.self) { try MobileNetV3(spec) }
      #expect(error?.description.hasPrefix("mobilenetV3.") == true)
    }
  }

  @Test func everyWidthHasChannelsThatGroupsDivide() throws {
    let images = MobileFixture.images(1, 32, 32)
    for width in [0.35, 0.6, 0.9, 1.25] {
      let spec = MobileNetV3Spec(size: .small, width: width, norm: .group, classes: 2)
      let model = try MobileNetV3(spec)
      #expect(try model.parameterCount == spec.parameterCount)
      #expect(withInference { model(images, .evaluation(.f32)) }.shape == [1, 2])
    }
  }

  /// Normal with variance 2 / fan-out, of one channel where the convolution is depth-wise; the last
  /// layer at zero.
  @Test func freshValuesAreThoseOfTheSource() throws {
    let spec = MobileNetV3Spec(size: .large, classes: 3)
    let store = try ModelSpec(spec).build(seed: 3).store
    let fanOuts: [(name: String, fanOut: Double)] = [
      ("conv_stem.weight", 144), ("blocks.5.1.conv_pw.weight", 960),
      ("blocks.5.1.conv_dw.weight", 25), ("blocks.5.1.se.conv_reduce.weight", 240),
      ("conv_head.weight", 1280),
    ]
    for (name, fanOut) in fanOuts {
      let value = try #require(store[name]).value
      let ratio = value.sumOfSquares / Double(value.count) * fanOut / 2
      #expect(abs(ratio - 1) < 0.15, "\(name)")
    }
    #expect(try #require(store["classifier.weight"]).value.sumOfSquares == 0)
  }

  @Test func importedAndWrittenItStaysTheSame() throws {
    let folder = try TemporaryFolder()
    let spec = ModelSpec(MobileNetV3Spec(size: .small, width: 0.5))
    let model = try MobileFixture.model(spec)
    // As timm's files have them; nothing needs those counts.
    let counts = [(name: "bn1.num_batches_tracked", tensor: Tensor.zeros([1]))]
    try Safetensors.write(
      model.store.tensors + counts, metadata: ["format": "pt"], to: folder.file("timm.safetensors"))
    let imported = try WeightImport(path: folder.file("timm.safetensors"), spec: nil)
    var expected = spec
    expected.classes = MobileFixture.classes
    #expect(imported.file.spec == expected)
    #expect(imported.layout == "timm")
    #expect(imported.file.model.input == .imageNet)
    try imported.file.write(to: folder.file("ours.safetensors"))
    let read = try ModelFile(path: folder.file("ours.safetensors"))
    #expect(read.spec == expected)
    for (a, b) in zip(model.store.all, read.model.store.all) {
      #expect(a.name == b.name)
      #expect(maximumDifference(a.value, b.value) == 0)
    }
  }
}
