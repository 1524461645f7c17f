import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchNN
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Vision transformers against timm's.
struct ViTTests {
  @Test(arguments: ViTSpec.Size.allCases, [224, 384])
  func namesShapesAndCostsAreTimms(size: ViTSpec.Size, resolution: Int) throws {
    let name = "vit_\(size.rawValue)_patch16_\(resolution)"
    let card = try #require(try ReferenceNetworks.cards()[name])
    var spec = try ModelSpec(named: name)
    #expect(spec.network.fixedResolution == resolution)
    spec.classes = 1000
    #expect(try spec.network.parameterCount == card.parameters)
    // The large network's 1.2 GB are the same code.
    guard size != .large || resolution == 224 else { return }
    let model = try spec.build(seed: nil)
    let shapes = model.store.tensors.map { ($0.name, $0.tensor.shape) }
    #expect(Dictionary(uniqueKeysWithValues: shapes) == card.arrays)
    #expect(model.parameterCount == card.parameters)
    let macs = model.multiplyAccumulates(height: resolution, width: resolution)
    #expect(macs == card.macs["\(resolution)x\(resolution)"])
  }

  @Test func ourNamesMeanTimms() throws {
    for (ours, timms) in [
      ("vit-ti16", "vit_tiny_patch16_224"), ("vit-s16", "vit_small_patch16_224"),
      ("vit-b16", "vit_base_patch16_224"), ("vit-l16", "vit_large_patch16_224"),
      ("vit-b16-384", "vit_base_patch16_384"),
    ] {
      #expect(try ModelSpec(named: ours) == ModelSpec(named: timms))
    }
  }

  @Test func averagingHasAnotherLastNorm() throws {
    let card = try #require(try ReferenceNetworks.cards()["vit_small_patch16_224 avg"])
    let model = try ViTSpec(size: .small, pool: .average, classes: 1000).build(.zeros)
    let shapes = model.store.tensors.map { ($0.name, $0.tensor.shape) }
    #expect(Dictionary(uniqueKeysWithValues: shapes) == card.arrays)
  }

  @Test(arguments: [
    (ViTSpec(size: .tiny), "vit_tiny token"), (ViTSpec(size: .small), "vit_small token"),
    (ViTSpec(size: .small, pool: .average), "vit_small avg"),
  ])
  func logitsAreTimms(spec: ViTSpec, result: String) throws {
    let model = try ReferenceNetworks.model(spec)
    let images = ReferenceNetworks.drawn("images", [2, 3, 224, 224])
    let expected = try ReferenceNetworks.result(result)
    func logits(_ precision: DType) -> Tensor {
      withInference { model.logits(images, .evaluation(precision)) }
    }
    #expect(
      try relativeDifference(logits(.f32), expected: expected)
        < ReferenceNetworks.tolerance(result))
    if let compiled = try openVINOLogits(model, images) {
      let tolerance = try ReferenceNetworks.tolerance(result)
      #expect(relativeDifference(compiled, expected: expected) < tolerance)
    }
    guard spec.size == .tiny else { return }
    let half = logits(.bf16)
    #expect(half.dtype == .f32)
    let tolerance = try ReferenceNetworks.tolerance(result, half: true)
    #expect(relativeDifference(half, expected: expected) < tolerance)
    model.freeze(on: .cpu, .bf16)
    #expect(relativeDifference(logits(.bf16), expected: expected) < tolerance)
  }

  @Test(arguments: [DType.f32, .bf16])
  func everyParameterGetsAGradient(precision: DType) throws {
    for pool in ViTSpec.Pool.allCases {
      let spec = ViTSpec(size: .tiny, resolution: 32, pool: pool)
      let model = try ReferenceNetworks.model(spec, classes: 5)
      model.store.requireGradients()
      let images = ReferenceNetworks.drawn("images", [2, 3, 32, 32])
      model.logits(images, .training(precision)).squared().mean().backward()
      for parameter in model.store.parameters {
        let gradient = try #require(parameter.value.gradient, "\(parameter.name)")
        #expect(gradient.sumOfSquares.isFinite && gradient.sumOfSquares > 0, "\(parameter.name)")
      }
    }
  }

  @Test(arguments: [
    ("vit_tiny_patch16_224", ViTSpec(size: .tiny, pool: .token, classes: 1000), "vit_tiny token"),
    (
      "vit_small_patch16_224 avg", ViTSpec(size: .small, pool: .average, classes: 1000),
      "vit_small avg"
    ),
  ])
  func timmsFilesAreRecognised(name: String, spec: ViTSpec, result: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("timm.safetensors")
    try ReferenceNetworks.write(try #require(try ReferenceNetworks.cards()[name]), to: path)
    let imported = try WeightImport(path: path, spec: nil)
    #expect(imported.file.spec == ModelSpec(spec))
    #expect(imported.file.model.input == .official)
    try imported.file.write(to: folder.file("ours.safetensors"))
    let read = try ModelFile(path: folder.file("ours.safetensors"))
    #expect(read.spec == ModelSpec(spec))
    let images = ReferenceNetworks.drawn("images", [2, 3, 224, 224])
    let logits = withInference { read.model.logits(images, .evaluation(.f32)) }
    let expected = try ReferenceNetworks.result(result)
    #expect(
      try relativeDifference(logits, expected: expected) < ReferenceNetworks.tolerance(result))
  }

  @Test(arguments: [96, 320])
  func positionsAreResampledAsTimmDoes(resolution: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("timm.safetensors")
    let card = try #require(try ReferenceNetworks.cards()["vit_tiny_patch16_224"])
    try ReferenceNetworks.write(card, to: path)
    let spec = ModelSpec(ViTSpec(size: .tiny, resolution: resolution))
    let model = try WeightImport(path: path, spec: spec).file.model
    let images = ReferenceNetworks.drawn("images", [2, 3, resolution, resolution])
    let logits = withInference { model.logits(images, .evaluation(.f32)) }
    let result = "vit_tiny at \(resolution)"
    let expected = try ReferenceNetworks.result(result)
    #expect(
      try relativeDifference(logits, expected: expected) < ReferenceNetworks.tolerance(result))
  }

  @Test func aResolutionIsNotGuessed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("timm.safetensors")
    let model = try ReferenceNetworks.model(ViTSpec(size: .tiny, resolution: 256))
    try Safetensors.write(model.store.tensors, metadata: ["format": "pt"], to: path)
    let error = #expect(throws: FileError.self) { try WeightImport(path: path, spec: nil) }
    let message = try #require(error?.description)
    #expect(message.contains("vit-ti16 (pos_embed is [1, 257, 192], not [1, 197, 192])"))
    #expect(!message.contains("vit_tiny_patch16_224"))
    // Another size is another shape of nearly everything.
    let small = ModelSpec(ViTSpec(size: .small, resolution: 256))
    #expect(throws: FileError.self) { try WeightImport(path: path, spec: small) }
    let averaging = ModelSpec(ViTSpec(size: .tiny, resolution: 256, pool: .average))
    #expect(throws: FileError.self) { try WeightImport(path: path, spec: averaging) }
  }

  @Test func specsAreReadWrittenAndChecked() throws {
    func decoded(_ text: String) throws -> ModelSpec {
      try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
    }
    let spec = try decoded(
      #"{"vit":{"size":"base","patch":8,"resolution":64,"pool":"average","classes":7}}"#)
    #expect(
      spec
        == ModelSpec(
          ViTSpec(size: .base, patch: 8, resolution: 64, pool: .average, classes: 7)))
    #expect(try JSONDecoder().decode(ModelSpec.self, from: JSONEncoder().encode(spec)) == spec)
    let open = try decoded(#"{"vit":{"size":"small"}}"#)
    #expect(open == (try ModelSpec(named: "vit-s16")))
    #expect(open.completed(by: spec.headless) == ModelSpec(ViTSpec(size: .small, pool: .average)))
    for text in [#"{"vit":{"size":"huge"}}"#, #"{"vit":{"size":"base","pool":"max"}}"#] {
      #expect(throws: SettingsError.self) { try decoded(text) }
    }
    let good = ViTSpec(size: .tiny, classes: 2)
    var bad = [good, good, good, good, good]
    bad[0].patch = 15
    bad[1].patch = 0
    bad[2].resolution = 0
    bad[3].resolution = 1 << 40
    bad[4].classes = nil
    for spec in bad { #expect(throws: SettingsError.self) { try spec.build(.zeros) } }
  }
}
