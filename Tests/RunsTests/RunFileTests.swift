import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct MetricsLogTests {
  @Test func linesBehindTheCheckpointAreCut() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    let first = try MetricsLog(path: path, keepingThrough: 0)
    for step in 1...5 { try first.append(["distillLoss": Double(step), "x": .nan], step: step) }
    try first.synchronize()
    let second = try MetricsLog(path: path, keepingThrough: 3)
    try second.append(["distillLoss": 40], step: 4)
    let lines = String(decoding: try folder.bytes("metrics.jsonl"), as: UTF8.self)
    #expect(
      lines.split(separator: "\n") == [
        "{\"distillLoss\":1,\"step\":1}", "{\"distillLoss\":2,\"step\":2}",
        "{\"distillLoss\":3,\"step\":3}", "{\"distillLoss\":40,\"step\":4}",
      ])
    #expect(try RunMetrics(path: path).lastStep == 4)
  }

  @Test(arguments: [0, 1, 2, 4999, 12_345, 20_000, 30_000])
  func longFilesAreCutAtTheStep(step: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    var text = ""
    for number in 1...20_000 {
      // Lines of many lengths; some steps have none.
      if number % 7 == 3 { continue }
      text += "{\"note\":\"\(String(repeating: "x", count: number % 301))\",\"step\":\(number)}\n"
    }
    _ = try folder.write("metrics.jsonl", Array((text + "{\"step\":2").utf8))
    let log = try MetricsLog(path: path, keepingThrough: step)
    let kept = String(decoding: try folder.bytes("metrics.jsonl"), as: UTF8.self)
    let lines = text.split(separator: "\n").filter { line in
      Int(line.dropLast().split(separator: ":").last ?? "").map { $0 <= step } ?? false
    }
    #expect(kept == lines.map { $0 + "\n" }.joined())
    #expect(log.lastStep == (1...20_000).last { $0 <= step && $0 % 7 != 3 })
  }

  /// Behind the lines of a checkpoint is what a power cut left; before its last line nothing can be damaged.
  @Test(arguments: [(1, true), (3, true), (4, false), (5, false)])
  func aDamagedLineIsNoEnd(damaged: Int, isRefused: Bool) throws {
    let folder = try TemporaryFolder()
    let lines = (1...6).map { $0 == damaged ? "{\"step\":" : "{\"step\":\($0)}" }
    let text = lines.map { $0 + "\n" }.joined()
    let path = try folder.write("metrics.jsonl", Array(text.utf8))
    if isRefused {
      let error = #expect(throws: FileError.self) {
        _ = try MetricsLog(path: path, keepingThrough: 4)
      }
      #expect(String(describing: error).contains("metrics.jsonl: line \(damaged) is damaged"))
      #expect(String(decoding: try folder.bytes("metrics.jsonl"), as: UTF8.self) == text)
    } else {
      #expect(try MetricsLog(path: path, keepingThrough: 4).lastStep == (damaged == 4 ? 3 : 4))
    }
  }

  @Test func halfALineIsDropped() throws {
    let folder = try TemporaryFolder()
    let text = "{\"distillLoss\":1,\"step\":1}\n{\"distillLoss\":2,\"st"
    let path = try folder.write("metrics.jsonl", Array(text.utf8))
    let log = try MetricsLog(path: path, keepingThrough: 9)
    try log.append(["distillLoss": 2], step: 2)
    let lines = String(decoding: try folder.bytes("metrics.jsonl"), as: UTF8.self)
    #expect(lines.split(separator: "\n").count == 2 && lines.hasSuffix("\"step\":2}\n"))
  }
}

struct CheckpointTests {
  private let spec = ModelSpec.bit(
    BiTSpec(depth: [1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))

  private func make() throws -> (any Model, Adam) {
    let model = try spec.build(seed: 1)
    model.store.requireGradients()
    return (model, Adam(model.store.parameters, AdamConfiguration(firstMoment: .bf16)))
  }

  private func update(_ model: any Model, _ adam: Adam) throws {
    model.store.parameters.map { ($0.value.squared() + $0.value).sum() }.forEach { $0.backward() }
    _ = try adam.update(multiplier: 1)
  }

  @Test func theLatestAreKeptAndRestoredBitForBit() throws {
    let folder = try TemporaryFolder()
    let (model, adam) = try make()
    for step in 1...4 {
      try update(model, adam)
      try Checkpoint.save(model, adam, step: step, folder: folder.path, rule: CheckpointRecipe())
    }
    #expect(
      try folder.contents == [
        "000000003.json", "000000003.safetensors", "000000004.json", "000000004.safetensors",
      ])
    let latest = try #require(try Checkpoint.latest(in: folder.path) { _ in })
    #expect(latest.description.step == 4 && latest.description.optimizerCount == 4)
    let (other, otherAdam) = try make()
    try latest.restore(other, otherAdam)
    try update(model, adam)
    try update(other, otherAdam)
    for (a, b) in zip(model.store.parameters, other.store.parameters) {
      #expect(a.value.array(as: Float.self) == b.value.array(as: Float.self))
    }
  }

  @Test func damagedOnesArePassedOverWithAWarning() throws {
    let folder = try TemporaryFolder()
    let (model, adam) = try make()
    #expect(try Checkpoint.latest(in: folder.path) { _ in } == nil)
    for step in [5, 10] {
      try Checkpoint.save(model, adam, step: step, folder: folder.path, rule: CheckpointRecipe())
    }
    var bytes = try folder.bytes("000000010.safetensors")
    bytes[bytes.count - 3] ^= 1
    _ = try folder.write("000000010.safetensors", bytes)
    var warnings: [String] = []
    let latest = try Checkpoint.latest(in: folder.path) { warnings.append($0) }
    #expect(latest?.description.step == 5)
    #expect(warnings.count == 1 && warnings[0].contains("000000010"))
    _ = try folder.write("000000005.safetensors", [])
    #expect(throws: RecipeError.self) { try Checkpoint.latest(in: folder.path) { _ in } }
  }

  /// Copies under other names, copies of other steps, those of another run: none is taken, and none removed.
  @Test func strangersAreLeftAlone() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    let files = FileManager.default
    for (place, run) in [(folder, "a"), (other, "b")] {
      try files.createDirectory(
        atPath: place.file("checkpoints"), withIntermediateDirectories: true)
      _ = try place.write("engine.json", Array("{\"run\": \"\(run)\"}".utf8))
    }
    let (model, adam) = try make()
    func save(_ step: Int, _ place: TemporaryFolder) throws {
      try Checkpoint.save(
        model, adam, step: step, folder: place.file("checkpoints"), rule: CheckpointRecipe())
    }
    try save(1, folder)
    try save(9, other)
    func copy(_ name: String, of place: TemporaryFolder, to copy: String) throws {
      for ending in ["json", "safetensors"] {
        try files.copyItem(
          atPath: place.file("checkpoints/\(name).\(ending)"),
          toPath: folder.file("checkpoints/\(copy).\(ending)"))
      }
    }
    try copy("000000001", of: folder, to: "000000001 (copy)")
    try copy("000000001", of: folder, to: "000000007")
    try copy("000000001", of: folder, to: "7")
    try copy("000000009", of: other, to: "000000009")
    try files.copyItem(
      atPath: other.file("checkpoints/000000009.safetensors"),
      toPath: folder.file("checkpoints/000000011.safetensors"))
    _ = try folder.write("checkpoints/notes.tmp", [1])
    let strangers = try files.contentsOfDirectory(atPath: folder.file("checkpoints")).filter {
      !["000000001.json", "000000001.safetensors"].contains($0)
    }
    Checkpoint.removeRemains(in: folder.file("checkpoints"))
    var warnings: [String] = []
    let latest = try Checkpoint.latest(in: folder.file("checkpoints")) { warnings.append($0) }
    #expect(latest?.description.step == 1)
    #expect(warnings.count == 1 && warnings[0].contains("000000007.safetensors"), "\(warnings)")
    for step in 2...5 { try save(step, folder) }
    let left = try Set(files.contentsOfDirectory(atPath: folder.file("checkpoints")))
    #expect(
      left
        == Set(strangers).union(
          ["4", "5"].flatMap { ["00000000\($0).json", "00000000\($0).safetensors"] }))
  }

  /// Whatever bit of what tells of it is wrong.
  @Test func aDamagedDescriptionIsNotUsed() throws {
    let folder = try TemporaryFolder()
    let (model, adam) = try make()
    for step in [5, 10] {
      try Checkpoint.save(model, adam, step: step, folder: folder.path, rule: CheckpointRecipe())
    }
    let bytes = try folder.bytes("000000010.json")
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= UInt8(1 << (index % 7))
      _ = try folder.write("000000010.json", damaged)
      let latest = try #require(try Checkpoint.latest(in: folder.path) { _ in })
      let isWhole = latest.description.step == 10
      #expect(latest.description.optimizerCount == 0 && (isWhole || latest.description.step == 5))
    }
  }
}
