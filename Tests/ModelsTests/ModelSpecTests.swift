import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Specs of all families: what is written of them, how large their networks are, and what is refused.
struct ModelSpecTests {
  /// What the tool made of a spec when each family still had code and formulas of its own for it.
  private struct Entry: Decodable {
    let spec: String
    let written: String
    /// With what is open as it is usual.
    let completed: String?
    let parameters: Int
  }

  private static func entries() throws -> [Entry] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/specs.json")
    return try JSONDecoder().decode([Entry].self, from: Data(contentsOf: path))
  }

  private func decoded(_ text: String) throws -> ModelSpec {
    try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
  }

  @Test func whatIsWrittenStaysAsItWas() throws {
    let entries = try Self.entries()
    for entry in entries {
      let spec = try decoded(entry.spec)
      #expect(try JSONText.line(spec) == entry.written)
      #expect(try decoded(entry.written) == spec)
      if let completed = entry.completed {
        #expect(try JSONText.line(spec.completed) == completed)
      }
    }
    let known = try Registry.standard.families.flatMap { family in
      try family.known.map { try JSONText.line($0.name) }
    }
    #expect(Set(known).isSubset(of: entries.map(\.spec)))
  }

  @Test func scalingIsWrittenAsItWas() throws {
    let caffe = InputScaling(
      mean: [103.94, 116.78, 123.68], std: [1, 1, 1], range: 255, colorOrder: .bgr)
    for (scaling, text) in [
      (.official, #"{"colorOrder":"rgb","mean":[0.5,0.5,0.5],"range":1,"std":[0.5,0.5,0.5]}"#),
      (
        .imageNet,
        #"{"colorOrder":"rgb","mean":[0.485,0.456,0.406],"range":1,"std":[0.229,0.224,0.225]}"#
      ),
      (
        caffe, #"{"colorOrder":"bgr","mean":[103.94,116.78,123.68],"range":255,"std":[1,1,1]}"#
      ),
    ] as [(InputScaling, String)] {
      #expect(try JSONText.line(scaling) == text)
    }
  }

  /// The counts are of formulas that each family had; some networks would not fit into memory.
  @Test func parametersAreCountedWithoutMemory() throws {
    for entry in try Self.entries() {
      let spec = try decoded(entry.spec)
      try spec.validate()
      #expect(try spec.network.parameterCount == entry.parameters, "\(entry.spec)")
    }
  }

  @Test(arguments: [
    ModelSpec(BiTSpec(depth: .init(repeating: 1000, count: 8), width: 64, classes: 2)),
    ModelSpec(ViTSpec(size: .large, patch: 4096, resolution: 4096, classes: 2)),
  ])
  func absurdShapesAreRefusedBeforeTheyTakeMemory(spec: ModelSpec) throws {
    let family = type(of: spec.network).name
    let words = "a network of this shape has more than 10,000,000,000 parameters"
    let error = #expect(throws: SettingsError.self) { try spec.validate(at: "student.model") }
    #expect(error?.description == "student.model.\(family): \(words)")
    #expect(throws: SettingsError.self) { try spec.build(seed: nil) }
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    try Safetensors.write(
      [("x", Tensor.ones([2]))], metadata: ["funmatch.model": try JSONText.line(spec)], to: path)
    let refused = #expect(throws: FileError.self) { try ModelFile(path: path) }
    #expect(refused?.description == "\(path): \(family): \(words)")
  }

  @Test func aFileThatHoldsFarLessThanItsNetworkIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    let text = #"{"resnet":{"depth":18,"classes":2}}"#
    try Safetensors.write(
      [("x", Tensor.ones([2]))], metadata: ["funmatch.model": text], to: path)
    let error = #expect(throws: FileError.self) { try ModelFile(path: path) }
    #expect(
      error?.description
        == "\(path): holds 2 values, a network of the given shape has 11177538")
  }

  @Test func aFileThatLeavesTheNumberOfClassesOpenIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    let open = try OtherFamily(channels: 1, classes: 1).build(.drawn)
    try Safetensors.write(
      open.store.tensors, metadata: ["funmatch.model": #"{"other":{"channels":1}}"#], to: path)
    let registry = Registry.standard.adding(family: OtherFamily.self)
    let refused = #expect(throws: FileError.self) { try ModelFile(path: path, registry: registry) }
    #expect(
      refused?.description == "\(path): other.classes: the number of classes is not given")
  }

  @Test func whatIsOutOfRangeIsNamedByItsKey() throws {
    for (text, key) in [
      (#"{"bit":{"depth":[]}}"#, "bit.depth"), (#"{"bit":{"depth":[1001]}}"#, "bit.depth"),
      (#"{"bit":{"depth":[0,1]}}"#, "bit.depth"),
      (#"{"bit":{"depth":50,"width":65}}"#, "bit.width"),
      (#"{"bit":{"depth":50,"groups":24}}"#, "bit.groups"),
      (#"{"bit":{"depth":50,"standardizationEpsilon":-1}}"#, "bit.standardizationEpsilon"),
      (#"{"bit":{"depth":50,"stem":{"small":{"stride":3}}}}"#, "bit.stem.small.stride"),
      (#"{"resnet":{"depth":50,"classes":1000001}}"#, "resnet.classes"),
      (#"{"vit":{"size":"tiny","patch":15}}"#, "vit.resolution"),
      (#"{"mobilenetV3":{"size":"small","width":33}}"#, "mobilenetV3.width"),
      (#"{"efficientnetLite":{"variant":5}}"#, "efficientnetLite.variant"),
    ] {
      let spec = try decoded(text)
      let error = #expect(throws: SettingsError.self, "\(text)") { try spec.validate() }
      #expect(error?.key == key)
    }
    for (text, key) in [
      (#"{"bit":{"depth":18}}"#, "bit.depth"), (#"{"bit":null}"#, "bit.depth"),
      (#"{"bit":{"depth":50,"stem":"big"}}"#, "bit.stem"),
      (#"{"vit":{"size":"huge"}}"#, "vit.size"),
    ] {
      let error = #expect(throws: SettingsError.self, "\(text)") { try decoded(text) }
      #expect(error?.key == key)
    }
  }

  @Test func editorsAreToldNamesAndKeys() throws {
    let json = ModelSpec.schema(.standard).json
    let kinds = try #require(json["anyOf"] as? [[String: Any]])
    let names = try #require(kinds.first?["enum"] as? [String])
    #expect(names.contains("bit-r50x1") && names.contains("vit-s16-384"))
    let maps = kinds.compactMap { $0["properties"] as? [String: [String: Any]] }
    #expect(maps.count == Registry.standard.families.count)
    let vit = try #require(maps.compactMap { $0["vit"] }.first)
    #expect((vit["description"] as? String)?.isEmpty == false)
    let keys = try #require(vit["properties"] as? [String: Any])
    #expect(Set(keys.keys) == ["size", "patch", "resolution", "pool", "classes"])
    #expect(vit["required"] as? [String] == ["size"])
    for family in Registry.standard.families {
      #expect(family.descriptions(.standard).allSatisfy { !$0.documentation.isEmpty })
      try family.init().validate()
    }
  }
}
