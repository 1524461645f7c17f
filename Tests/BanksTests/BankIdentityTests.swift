import FunMatchBanks
import FunMatchDistillation
import FunMatchModels
import FunMatchRecipes
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What logits depend on, and what not.
struct BankIdentityTests {
  private static let spec = BiTSpec(
    depth: [1], width: 0.25, classes: 3, stem: .small(stride: 2), groups: 8)

  private func identity(_ edits: [String] = [], _ own: [String] = []) throws -> BankIdentity {
    let folder = try TemporaryFolder()
    let text = """
      data: {train: "fashion-mnist:train[:200]"}
      teachers: [{weights: t.safetensors, resolution: 28}]
      student: {model: bit-r50x1, resolution: 28}
      schedule: {steps: 3}
      """
    let recipe = try RecipeFile(
      path: folder.write("r.yaml", Array(text.utf8)), edits: edits, imageCount: { _ in 200 })
    let teacher = Teacher(
      try ModelSpec.bit(Self.spec).build(seed: 1), resolution: 28, precision: .f32, device: .cpu,
      identity: own)
    return try BankIdentity.batches(
      recipe.recipe.shared, images: ["names: x"], teachers: [teacher], device: .cpu)
  }

  /// A key that came later must not make what is kept useless where it says nothing.
  @Test func youngerKindsOfTeachersDoNotCount() throws {
    let lines = try identity().lines
    #expect(lines.contains("precision: f32") && lines.contains("seed: 0"))
    for word in ["int8", "onnx", "engine"] {
      #expect(!lines.contains { $0.contains(word) }, "\(word): \(lines)")
    }
  }

  /// The checksum of a file does not tell which of the weights in it are meant.
  @Test func whichPartOfAFileIsMeantCounts() throws {
    let usual = try identity()
    let words = ["a", "b", "none", "null", "1", "1.0"]
    let edits = ["key", "prefix"].flatMap { name in words.map { "teachers.0.\(name)='\($0)'" } }
    let others = try edits.map { try identity([$0]) }
    #expect(others[0].lines.contains("teachers.0.key: a"))
    #expect(others[words.count].lines.contains("teachers.0.prefix: a"))
    #expect(Set(([usual] + others).map(\.lines)).count == 1 + edits.count)
    #expect(try identity(["teachers.0.key=null", "teachers.0.prefix=null"]) == usual)
    #expect(!usual.lines.contains { $0.contains(".key") || $0.contains(".prefix") })
  }

  @Test func whatDoesNotMatterDoesNotCount() throws {
    let usual = try identity()
    for edit in ["precision=f32", "engine=libtorch", "teachers.0.int8.kl=3", "combine=logits"] {
      #expect(try identity([edit]) == usual, "\(edit)")
    }
    for edit in ["seed=1", "batchSize=7", "views.mixup=0.5", "microBatchSize=8"] {
      #expect(try identity([edit]) != usual, "\(edit)")
    }
  }

  /// How a batch is cut shows in libtorch's last bits, not in OpenVINO's.
  @Test func whatComputesCounts() throws {
    let compiled = ["engine: openvino"]
    #expect(try identity([], compiled) != identity())
    #expect(try identity(["microBatchSize=8"], compiled) == identity([], compiled))
    #expect(try identity([], compiled + ["int8: ab"]) != identity([], compiled))
  }
}
