import Foundation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct ModelFileTests {
  private let spec = ModelSpec.bit(
    BiTSpec(depth: [1, 1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))

  @Test func aFileTellsEverything() throws {
    let folder = try TemporaryFolder()
    let model = try spec.build(seed: 1)
    try ModelFile(
      model: model, spec: spec, classNames: ["a", "ß", "\"c\""],
      preprocessing: EvaluationPreprocessing(resize: 40, crop: 32)
    ).write(to: folder.file("m.safetensors"))
    let read = try ModelFile(path: folder.file("m.safetensors"))
    #expect(read.spec == spec.completed)
    #expect(read.classNames == ["a", "ß", "\"c\""])
    #expect(read.preprocessing == EvaluationPreprocessing(resize: 40, crop: 32))
    for (a, b) in zip(model.store.parameters, read.model.store.parameters) {
      #expect(a.name == b.name)
      #expect(maximumDifference(a.value, b.value) == 0)
    }
    try read.write(to: folder.file("n.safetensors"))
    #expect(try folder.bytes("m.safetensors") == folder.bytes("n.safetensors"))
  }

  @Test func halfPrecisionFilesAreHalfAsLarge() throws {
    let folder = try TemporaryFolder()
    let file = ModelFile(model: try spec.build(seed: 1), spec: spec)
    try file.write(to: folder.file("wide.safetensors"))
    try file.write(to: folder.file("narrow.safetensors"), as: .bf16)
    let sizes = try ["wide", "narrow"].map { try folder.bytes($0 + ".safetensors").count }
    #expect(sizes[1] < sizes[0] * 3 / 4)
    let read = try ModelFile(path: folder.file("narrow.safetensors"))
    for (a, b) in zip(file.model.store.parameters, read.model.store.parameters) {
      #expect(maximumDifference(a.value.to(.bf16).to(.f32), b.value) == 0)
    }
  }

  /// One value among many, in a kernel or in a statistic.
  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func whatIsNotANumberIsRefused(value: Float) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    var spec = try ModelSpec(named: "mobilenetv3_small_050")
    spec.classes = 5
    try ModelFile(model: try spec.build(seed: 1), spec: spec).write(to: path)
    let file = try SafetensorsFile(path)
    let all = try file.readAll()
    for name in ["classifier.weight", "bn1.running_var"] {
      let changed = all.map { array -> (name: String, tensor: Tensor) in
        guard array.name == name else { return array }
        var values = array.tensor.array(as: Float.self)
        values[values.count / 2] = value
        return (name, Tensor(values).reshaped(array.tensor.shape))
      }
      // As another program would write it.
      let metadata = file.metadata.filter { $0.key != "funmatch.sha256" }
      try Safetensors.write(changed, metadata: metadata, to: folder.file("bad.safetensors"))
      for read in [
        { _ = try ModelFile(path: folder.file("bad.safetensors")) },
        { _ = try WeightImport(path: folder.file("bad.safetensors"), spec: nil) },
      ] {
        let words = message(read) ?? ""
        #expect(
          words.contains("bad.safetensors: \(name) holds values that are infinite"), "\(words)")
      }
      let model = try spec.build(seed: 1)
      let parameter = try #require(model.store[name])
      parameter.value.copy(from: try #require(changed.first { $0.name == name }).tensor)
      let refused = message {
        try ModelFile(model: model, spec: spec).write(to: folder.file("never.safetensors"))
      }
      #expect(refused?.contains("\(name) holds values that are infinite") == true)
      #expect(try folder.contents == ["bad.safetensors", "m.safetensors"])
    }
  }

  /// A bit anywhere: in the names of classes, in what pixels are scaled to, in a shape, in a weight.
  @Test func aDamagedFileIsNoModel() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    let model = try spec.build(seed: 1)
    model.input = .imageNet
    try ModelFile(model: model, spec: spec, classNames: ["cat", "dog", "owl"]).write(to: path)
    let bytes = try folder.bytes("m.safetensors")
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    for index in Array(0..<header) + stride(from: header, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[index] ^= UInt8(1 << (index % 7))
      _ = try folder.write("m.safetensors", damaged)
      for read in [
        { try ModelFile(path: path) }, { try WeightImport(path: path, spec: nil).file },
      ] {
        // A blank beside the header's JSON, or the checksum's own name, harms nothing.
        guard let file = try? read() else { continue }
        #expect(file.classNames == ["cat", "dog", "owl"] && file.model.input == .imageNet)
        for (a, b) in zip(model.store.parameters, file.model.store.parameters) {
          #expect(a.value.bytes == b.value.bytes, "byte \(index): \(a.name)")
        }
      }
    }
    var damaged = bytes
    damaged[bytes.count - 2] ^= 1
    _ = try folder.write("m.safetensors", damaged)
    let words = message { _ = try ModelFile(path: path) } ?? ""
    #expect(words.contains("m.safetensors: is damaged"), "\(words)")
  }

  /// Weights are read once, to where the network has them.
  @Test func readingTakesTheMemoryOfTheWeights() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    var spec = try ModelSpec(named: "resnetv2_50x1_bit")
    spec.classes = 10
    try ModelFile(model: try spec.build(seed: nil), spec: spec).write(to: path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      // Whatever else the first use makes.
      _ = Tensor.ones([1])
      let before = try peakMemory()
      let file = try ModelFile(path: path)
      let bytes = try #require(file.model.parameterCount) * MemoryLayout<Float>.size
      let grown = try peakMemory() - before
      #expect(grown < bytes * 5 / 4, "\(grown), not \(bytes)")
    }
  }

  @Test func otherFilesAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("w.safetensors")
    try Safetensors.write([("x", Tensor.ones([2]))], metadata: [:], to: path)
    let error = #expect(throws: FileError.self) { try ModelFile(path: path) }
    #expect(error?.description.contains(path) == true)
    #expect(error?.description.contains("import") == true)
    try Safetensors.write(
      [("x", Tensor.ones([2]))], metadata: ["funmatch.model": "{\"bat\":{}}"], to: path)
    #expect(throws: FileError.self) { try ModelFile(path: path) }
    #expect(throws: FileError.self) { try WeightImport(path: path, spec: spec) }
    #expect(throws: FileError.self) { try WeightImport(path: "weights.bin", spec: spec) }
  }

  @Test func namesMeanTheKnownNetworks() throws {
    // Parameters of timm's resnetv2_50x1_bit and resnetv2_152x2_bit with 1,000 classes.
    for (name, count) in [("bit-r50x1", 25_549_352), ("bit-r152x2", 236_335_208)] {
      var spec = try ModelSpec(named: name)
      spec.classes = 1000
      #expect(try spec.build(seed: 0).store.valueCount == count)
    }
    for wrong in ["bit-r50", "bit-r18x1", "resnet49", "bit-r50x0"] {
      #expect(throws: SettingsError.self) { try ModelSpec(named: wrong) }
    }
  }

  @Test func multiplyAccumulatesAreThoseOfTheLayers() throws {
    var spec = try ModelSpec(named: "bit-r50x1")
    spec.classes = 1000
    let model = try spec.build(seed: 0)
    // Counted by hooks on timm's resnetv2_50x1_bit, convolutions and head (Scripts/check_timm.py
    // prints it).
    #expect(model.multiplyAccumulates(height: 224, width: 224) == 4_089_184_256)
    #expect(model.multiplyAccumulates(height: 75, width: 98) == 741_198_976)
  }

  @Test func specsOutOfRangeAreRefused() throws {
    let good = BiTSpec(depth: [1], width: 0.5, classes: 2)
    _ = try BiTResNet(good)
    var bad = [good, good, good, good, good, good]
    bad[0].depth = []
    bad[1].width = 0.3
    bad[2].groups = 24
    bad[3].classes = 0
    bad[4].stem = .small(stride: 3)
    bad[5].classes = nil
    for spec in bad { #expect(throws: SettingsError.self) { try BiTResNet(spec) } }
  }

  @Test func specsAreTheSameWrittenAndReadAgain() throws {
    for text in [
      #"{"bit":{"depth":50,"width":2}}"#, #"{"bit":{"depth":[1,2],"stem":"small","groups":8}}"#,
      #"{"bit":{"depth":26,"stem":{"small":{"stride":2}},"classes":5}}"#,
      #"{"bit":{"depth":152,"stem":"timm","standardizationEpsilon":1e-8}}"#,
    ] {
      let spec = try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
      let again = try JSONDecoder().decode(ModelSpec.self, from: JSONEncoder().encode(spec))
      #expect(spec == again)
    }
    for text in [
      #"{"bit":{"depth":18}}"#, #"{"vit":null}"#, #"{"bat":{}}"#, #"{}"#, #""bit""#,
      #"{"bit":{"depth":[1],"stem":"big"}}"#,
    ] {
      #expect(throws: SettingsError.self) {
        try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
      }
    }
  }

  @Test func theHeadStartsAtZeroAndSeedsDiffer() throws {
    let a = try spec.build(seed: 1)
    let b = try spec.build(seed: 1)
    let c = try spec.build(seed: 2)
    let head = try #require(a.store["head.fc.weight"])
    #expect(head.value.sumOfSquares == 0)
    let stem = try [a, b, c].map { try #require($0.store["stem.conv.weight"]).value }
    #expect(maximumDifference(stem[0], stem[1]) == 0)
    #expect(maximumDifference(stem[0], stem[2]) > 0.1)
  }
}
