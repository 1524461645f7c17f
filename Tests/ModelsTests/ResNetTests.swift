import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchNN
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// ResNet v1.5 against timm's.
struct ResNetTests {
  @Test(arguments: [18, 34, 50, 101, 152])
  func namesShapesAndCostsAreTimms(depth: Int) throws {
    let card = try #require(try ReferenceNetworks.cards()["resnet\(depth)"])
    var spec = try ModelSpec(named: "resnet\(depth)")
    #expect(spec == ModelSpec(ResNetSpec(depth: depth)))
    spec.classes = 1000
    let model = try spec.build(seed: nil)
    let shapes = model.store.tensors.map { ($0.name, $0.tensor.shape) }
    #expect(Dictionary(uniqueKeysWithValues: shapes) == card.arrays)
    #expect(model.parameterCount == card.parameters)
    #expect(try spec.network.parameterCount == card.parameters)
    #expect(model.multiplyAccumulates(height: 224, width: 224) == card.macs["224x224"])
    #expect(model.multiplyAccumulates(height: 75, width: 98) == card.macs["75x98"])
  }

  @Test(arguments: [18, 50])
  func logitsAreTimms(depth: Int) throws {
    let model = try ReferenceNetworks.model(ResNetSpec(depth: depth))
    let images = ReferenceNetworks.drawn("images", [2, 3, 75, 98])
    let name = "resnet\(depth)"
    let expected = try ReferenceNetworks.result(name)
    func logits(_ precision: DType) -> Tensor {
      withInference { model.logits(images, .evaluation(precision)) }
    }
    let tolerance = try ReferenceNetworks.tolerance(name)
    #expect(relativeDifference(logits(.f32), expected: expected) < tolerance)
    if let compiled = try openVINOLogits(model, images) {
      #expect(relativeDifference(compiled, expected: expected) < tolerance)
    }
    let half = logits(.bf16)
    #expect(half.dtype == .f32)
    let halfTolerance = try ReferenceNetworks.tolerance(name, half: true)
    #expect(relativeDifference(half, expected: expected) < halfTolerance)
    model.freeze(on: .cpu, .bf16)
    #expect(relativeDifference(logits(.bf16), expected: expected) < halfTolerance)
  }

  @Test func trainingTakesBatchStatisticsAndTheRunningOnesFollow() throws {
    let model = try ReferenceNetworks.model(ResNetSpec(depth: 18), classes: 10)
    model.store.requireGradients()
    let logits = model.logits(
      ReferenceNetworks.drawn("images", [4, 3, 64, 64]), .training(.f32))
    logits.squared().mean().backward()
    let expected = try ReferenceNetworks.result("training logits")
    func tolerance(_ kind: String) throws -> Double {
      try ReferenceNetworks.tolerance("training " + kind)
    }
    #expect(try relativeDifference(logits, expected: expected) < tolerance("logits"))
    let statisticsTolerance = try tolerance("statistics")
    // Where a ReLU's input is within rounding of zero, its gradient goes either way, which timm's need
    // not have done.
    let gradientTolerance = max(1e-3, try tolerance("gradient norms"))
    for buffer in model.store.buffers {
      let wanted = try ReferenceNetworks.result("training " + buffer.name)
      #expect(
        relativeDifference(buffer.value, expected: wanted) < statisticsTolerance, "\(buffer.name)")
    }
    for parameter in model.store.parameters {
      let norm = try #require(parameter.value.gradient).sumOfSquares.squareRoot()
      let wanted = try ReferenceNetworks.result("gradient norm " + parameter.name).item
      #expect(
        abs(norm / wanted - 1) < gradientTolerance, "\(parameter.name): \(norm), not \(wanted)")
    }
  }

  @Test func frozenStatisticsStayAndHalfPrecisionTrains() throws {
    let model = try ReferenceNetworks.model(ResNetSpec(depth: 18), classes: 10)
    model.store.requireGradients { $0.hasPrefix("layer1.") }
    let before = try #require(model.store["layer1.0.bn1.running_mean"]).value.clone()
    let other = try #require(model.store["layer2.0.bn1.running_mean"]).value.clone()
    let logits = model.logits(
      ReferenceNetworks.drawn("images", [4, 3, 64, 64]), .training(.bf16))
    logits.squared().mean().backward()
    let stem = try #require(model.store["conv1.weight"]?.value.gradient)
    #expect(stem.sumOfSquares.isFinite && stem.sumOfSquares > 0)
    let after = try #require(model.store["layer1.0.bn1.running_mean"]).value
    let followed = try #require(model.store["layer2.0.bn1.running_mean"]).value
    #expect(maximumDifference(after, before) == 0)
    #expect(maximumDifference(followed, other) > 1e-3)
  }

  @Test(arguments: [18, 50])
  func timmsFilesAreRecognised(depth: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("timm.safetensors")
    let card = try #require(try ReferenceNetworks.cards()["resnet\(depth)"])
    try ReferenceNetworks.write(card, to: path)
    let imported = try WeightImport(path: path, spec: nil)
    #expect(imported.file.spec == ModelSpec(ResNetSpec(depth: depth, classes: 1000)))
    #expect(imported.file.model.input == .imageNet)
    try imported.file.write(to: folder.file("ours.safetensors"))
    let read = try ModelFile(path: folder.file("ours.safetensors"))
    let images = ReferenceNetworks.drawn("images", [2, 3, 75, 98])
    let logits = withInference { read.model.logits(images, .evaluation(.f32)) }
    let name = "resnet\(depth)"
    let expected = try ReferenceNetworks.result(name)
    #expect(
      try relativeDifference(logits, expected: expected) < ReferenceNetworks.tolerance(name))
  }

  @Test func otherNetworksOfTheseNamesAreToldApart() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("wide.safetensors")
    let card = try #require(try ReferenceNetworks.cards()["resnet18"])
    let arrays = card.arrays.sorted { $0.key < $1.key }.map { name, shape in
      (name: name, tensor: Tensor.zeros(name == "layer1.1.conv2.weight" ? [64, 32, 3, 3] : shape))
    }
    try Safetensors.write(arrays, metadata: ["format": "pt"], to: path)
    let error = #expect(throws: FileError.self) { try WeightImport(path: path, spec: nil) }
    let message = try #require(error?.description)
    #expect(message.contains(path))
    #expect(
      message.contains(
        "resnet18 (layer1.1.conv2.weight is [64, 32, 3, 3], not [64, 64, 3, 3])"))
    let named = ModelSpec(ResNetSpec(depth: 34))
    #expect(throws: FileError.self) { try WeightImport(path: path, spec: named) }
  }

  @Test func specsAreReadWrittenAndChecked() throws {
    func decoded(_ text: String) throws -> ModelSpec {
      try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
    }
    let spec = try decoded(#"{"resnet":{"depth":50,"classes":7}}"#)
    #expect(spec == ModelSpec(ResNetSpec(depth: 50, classes: 7)))
    #expect(try JSONDecoder().decode(ModelSpec.self, from: JSONEncoder().encode(spec)) == spec)
    #expect(try decoded(#"{"resnet":{"depth":18}}"#) == decoded(#""resnet18""#))
    #expect(throws: DecodingError.self) { try decoded(#"{"resnet":{}}"#) }
    let error = #expect(throws: SettingsError.self) {
      try ResNetSpec(depth: 19, classes: 2).build(.zeros)
    }
    #expect(error?.description == "resnet.depth: 19 must be one of 18, 34, 50, 101, 152")
    #expect(throws: SettingsError.self) { try ResNetSpec(depth: 18).build(.zeros) }
    #expect(throws: SettingsError.self) { try ResNetSpec(depth: 18, classes: 0).validate() }
  }

  @Test func freshNetworksSayNothingYet() throws {
    var spec = try ModelSpec(named: "resnet18")
    spec.classes = 3
    let model = try spec.build(seed: 1)
    let images = ReferenceNetworks.drawn("images", [2, 3, 64, 64])
    let logits = withInference { model.logits(images, .evaluation(.f32)) }
    #expect(logits.sumOfSquares == 0)
    // Variance 2 / (128 · 9) is He's, by fan-out.
    let kernel = try #require(model.store["layer2.0.conv1.weight"]).value
    let variance = kernel.sumOfSquares / Double(kernel.count)
    #expect(abs(variance / (2 / 1152) - 1) < 0.02)
  }
}
