import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Families of networks that are not the package's own.
struct OtherFamilyTests {
  private let registry = Registry.standard.adding(family: OtherFamily.self)

  private func decoded(_ text: String, _ registry: Registry) throws -> ModelSpec {
    let decoder = JSONDecoder()
    decoder.userInfo[.registry] = registry
    return try decoder.decode(ModelSpec.self, from: Data(text.utf8))
  }

  @Test func itsNamesAndMapsAreKnownWhereItWasAdded() throws {
    let spec = ModelSpec(OtherFamily(channels: 16, classes: 3))
    #expect(try decoded(#"{"other":{"channels":16,"classes":3}}"#, registry) == spec)
    #expect(try decoded(#""other-16""#, registry) == spec.headless)
    #expect(try ModelSpec(named: "other-16", registry: registry) == spec.headless)
    #expect(try JSONText.line(spec) == #"{"other":{"channels":16,"classes":3}}"#)
    #expect(try spec.network.parameterCount == 16 * 27 + 3 * 17)
    #expect(try spec.headless.network.parameterCount == 16 * 27)
    for text in [#"{"other":{"channels":16}}"#, #""other-16""#] {
      let error = #expect(throws: SettingsError.self) { try decoded(text, .standard) }
      #expect(error?.description.contains("efficientnet") == true)
    }
    let wrong = ModelSpec(OtherFamily(channels: 513))
    #expect(throws: SettingsError.self) { try wrong.validate() }
    #expect(throws: SettingsError.self) { try spec.headless.build(seed: 1) }
    #expect(registry.families.count == Registry.standard.families.count + 1)
  }

  @Test func itsModelFilesAreReadWithTheRegistry() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    let spec = ModelSpec(OtherFamily(channels: 4, classes: 3))
    let model = try spec.build(seed: 1)
    try ModelFile(model: model, spec: spec).write(to: path)
    let read = try ModelFile(path: path, registry: registry)
    #expect(read.spec == spec)
    let images = Torch.withSeed(2) { Tensor.rand([2, 3, 8, 8]) }
    let logits = withInference { [model, read.model].map { $0(images, .evaluation(.f32)) } }
    #expect(maximumDifference(logits[0], logits[1]) == 0)
    #expect(logits[0].sumOfSquares > 0)
    let error = #expect(throws: FileError.self) { try ModelFile(path: path) }
    #expect(error?.description.contains("expected one model family") == true)
  }

  @Test(arguments: ["own", "older"]) func itsWeightsAreRecognised(layout: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("w.safetensors")
    let model = try OtherFamily(channels: 16, classes: 5).build(.drawn)
    let arrays = model.store.tensors.map { name, tensor in
      (
        name: layout == "own"
          ? name : name.replacing("first.", with: "conv.").replacing("head.", with: "fc."), tensor
      )
    }
    try Safetensors.write(arrays, metadata: [:], to: path)
    let imported = try WeightImport(path: path, spec: nil, registry: registry)
    #expect(imported.layout == layout)
    #expect(imported.file.spec == ModelSpec(OtherFamily(channels: 16, classes: 5)))
    for (a, b) in zip(model.store.all, imported.file.model.store.all) {
      #expect(maximumDifference(a.value, b.value) == 0)
    }
    let error = #expect(throws: FileError.self) { try WeightImport(path: path, spec: nil) }
    #expect(error?.description.contains("no family of networks here") == true)
  }
}
