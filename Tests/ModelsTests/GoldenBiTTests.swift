import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Logits of the official model (golden README, part 2).
struct GoldenBiTTests {
  static func spec() throws -> BiTSpec {
    let json = try Golden.json("bit4_config.json")
    return BiTSpec(
      depth: try #require(json["depth"] as? [Int]), width: try #require(json["width"] as? Double),
      classes: try #require(json["num_classes"] as? Int), stem: .official,
      groups: try #require(json["gn_groups"] as? Int),
      standardizationEpsilon: try #require(json["ws_eps"] as? Double)
    )
  }

  static func model() throws -> BiTResNet {
    let imported = try WeightImport(path: Golden.path("bit4_weights.npz"), spec: .bit(spec()))
    #expect(imported.layout == "official")
    return try #require(imported.file.model as? BiTResNet)
  }

  @Test(arguments: ["x64", "x75", "x61x98"])
  func logitsMatch(name: String) throws {
    let arrays = try Golden.npz("bit4_forward.npz")
    let images = try #require(arrays[name + "_image"]).permuted([0, 3, 1, 2])
    let model = try Self.model()
    let logits = withInference { model(images, .evaluation(.f32)) }
    let expected = try #require(arrays[name + "_logits"])
    #expect(maximumDifference(logits, expected) <= 2e-4)
    if let compiled = try openVINOLogits(model, images) {
      #expect(maximumDifference(compiled, expected) <= 2e-4)
    }
    let features = withInference { model.features(images, .evaluation(.f32)) }
    #expect(maximumDifference(features, try #require(arrays[name + "_pre_logits"])) <= 2e-4)
  }

  @Test func frozenIsTheSameAndHalfPrecisionClose() throws {
    let arrays = try Golden.npz("bit4_forward.npz")
    let images = try #require(arrays["x64_image"]).permuted([0, 3, 1, 2])
    let expected = try #require(arrays["x64_logits"])
    func frozen(_ precision: DType) throws -> Tensor {
      let model = try Self.model()
      model.store.freeze(precision)
      let logits = withInference { model(images, .evaluation(precision)) }
      #expect(logits.dtype == .f32)
      return logits
    }
    #expect(maximumDifference(try frozen(.f32), expected) <= 2e-4)
    // Logits spread by about 1; half precision has 8 bits of them at every layer.
    let error = (try frozen(.bf16) - expected).squared().mean().item.squareRoot()
    #expect(error < 0.15)
  }

  @Test func timmsStemGivesOtherLogits() throws {
    let arrays = try Golden.npz("bit4_forward.npz")
    let images = try #require(arrays["x64_image"]).permuted([0, 3, 1, 2])
    var spec = try Self.spec()
    spec.stem = .timm
    let path = Golden.path("bit4_weights.npz")
    let model = try WeightImport(path: path, spec: .bit(spec)).file.model
    let logits = withInference { model(images, .evaluation(.f32)) }
    #expect(maximumDifference(logits, try #require(arrays["x64_logits"])) > 0.01)
  }

  @Test func whatTheSpecLeavesOpenComesFromTheFile() throws {
    let folder = try TemporaryFolder()
    let open = BiTSpec(depth: try Self.spec().depth, width: try Self.spec().width)
    let official = try WeightImport(path: Golden.path("bit4_weights.npz"), spec: .bit(open)).file
    #expect(official.spec == .bit(try Self.spec()).completed)
    try official.write(to: folder.file("ours.safetensors"))
    let names = official.model.store.tensors
    try Safetensors.write(names, metadata: ["format": "pt"], to: folder.file("timm.safetensors"))

    // A file of this tool remembers; one in timm's names that does not say gets timm's conventions.
    let ours = try WeightImport(path: folder.file("ours.safetensors"), spec: .bit(open)).file
    #expect(ours.spec == official.spec)
    let timm = try WeightImport(path: folder.file("timm.safetensors"), spec: .bit(open)).file
    var expected = try Self.spec()
    expected.stem = .timm
    expected.standardizationEpsilon = 1e-8
    #expect(timm.spec == .bit(expected))
    var said = open
    said.stem = .official
    let kept = try WeightImport(path: folder.file("timm.safetensors"), spec: .bit(said)).file
    said.classes = expected.classes
    said.standardizationEpsilon = 1e-8
    #expect(kept.spec == .bit(said))
    var other = open
    other.stem = .timm
    #expect(throws: FileError.self) {
      try WeightImport(path: folder.file("ours.safetensors"), spec: .bit(other))
    }
  }

  @Test func exportedNamesAndValuesAreThoseOfTheSource() throws {
    let folder = try TemporaryFolder()
    let copy = folder.file("copy.npz")
    try WeightExport.writeOfficial(try Self.model(), to: copy)
    let source = try Golden.npz("bit4_weights.npz")
    let written = try NpzFile(copy)
    #expect(Set(written.names) == Set(source.keys))
    for name in written.names {
      #expect(maximumDifference(try written.read(name), try #require(source[name])) == 0)
    }
  }
}
