import Foundation
import FunMatchBanks
import FunMatchFiles
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies
import FunMatchTorch

extension FuzzedReader {
  static func readRecipe(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let path = put(bytes, "recipe.yaml", in: folder)
    attempt(folder) {
      let recipe = try RecipeFile(path: path) { _ in 1000 }.recipe
      _ = try RecipeFile.text(recipe)
    }
  }

  static func readStudy(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    put(
      """
      data: {train: fashion-mnist}
      teachers: [{weights: teacher.safetensors, resolution: 28}]
      student: {model: {bit: {depth: [1]}}, resolution: 28}
      schedule: {steps: 10}

      """, "recipe.yaml", in: folder)
    let path = put(bytes, "study.yaml", in: folder)
    attempt(folder) { _ = try StudyFile(path: path) { _ in 1000 } }
  }

  static func readMetrics(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let path = put(bytes, "metrics.jsonl", in: folder)
    attempt(folder) { _ = try RunMetrics(path: path) }
    attempt(folder) { try MetricsLog(path: path, keepingThrough: 3).append(["loss": 1], step: 4) }
  }

  /// A checkpoint's arrays, or its description where the bytes begin as JSON does. Its checksum is always right.
  static func readCheckpoint(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let isDescription = bytes.first == UInt8(ascii: "{")
    let place = folder + "/checkpoints"
    try? FileManager.default.removeItem(atPath: place)
    make("checkpoints", in: folder)
    attempt(folder) {
      let spec = ModelSpec.bit(
        BiTSpec(depth: [1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))
      let model = try spec.build(seed: 1)
      model.store.requireGradients()
      let adam = Adam(model.store.parameters, AdamConfiguration(firstMoment: .bf16))
      var rule = CheckpointRecipe()
      rule.keep = 1
      try Checkpoint.save(model, adam, step: 3, folder: place, rule: rule)
      let name = "checkpoints/000000003"
      if isDescription {
        let sum = try Checksum.sha256(file: "\(folder)/\(name).safetensors")
        let text = String(decoding: bytes, as: UTF8.self)
        put(text.replacing("SHA256", with: sum), name + ".json", in: folder)
      } else {
        let path = put(bytes, name + ".safetensors", in: folder)
        put(
          """
          {"step": 3, "origin": [], "optimizerCount": 3, "statePrefixes": ["adam."], 
           "sha256": "\(try Checksum.sha256(file: path))"}
          """, name + ".json", in: folder)
      }
      _ = Checkpoint.newest(in: place)
      try Checkpoint.latest(in: place) { _ in }?.restore(model, adam)
    }
  }

  /// The description of a logit bank, which has three steps.
  static func readBank(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let place = folder + "/bank"
    func bank() throws -> LogitBank {
      try LogitBank(
        folder: place, identity: BankIdentity(lines: ["seed: 1"], environment: ["libtorch: 1"]),
        batchSize: 2, classes: [3], precision: .f32)
    }
    try? FileManager.default.removeItem(atPath: place)
    attempt(folder) {
      do {
        let bank = try bank()
        for step in 0..<3 { try bank.record([Tensor.zeros([2, 3], dtype: .f32)], step: step) }
        try bank.synchronize()
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: place)
      for name in names where name.hasSuffix(".json") { _ = put(bytes, "bank/" + name, in: folder) }
      _ = put(bytes, "bank/other.json", in: folder)
      let bank = try bank()
      for step in 0..<bank.steps { _ = try bank.logits(step) }
      try bank.record([Tensor.zeros([2, 3], dtype: .f32)], step: bank.steps)
      try bank.synchronize()
    }
  }
}
