import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// How many images networks of files may be shown at a time.
struct InferenceMemoryTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for (name, side) in [("a", 64), ("b", 96)] {
      let spec = ModelSpec.bit(
        BiTSpec(depth: [1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))
      try ModelFile(
        model: spec.build(seed: 1), spec: spec,
        preprocessing: EvaluationPreprocessing(resize: side, crop: side)
      ).write(to: folder.file("\(name).safetensors"))
    }
  }

  private func memory(
    _ names: String..., side: Int? = nil, engine: Engine = .libtorch
  ) throws -> InferenceMemory {
    try #require(
      try InferenceMemory(
        names.map { folder.file("\($0).safetensors") }, side: side, engine: engine,
        precision: .f32, device: .cpu, registry: .standard))
  }

  private func room(_ megabytes: Int) -> MemoryEstimate.Room {
    MemoryEstimate.Room(resident: 0, free: megabytes * 1_000_000)
  }

  @Test(arguments: [Engine.libtorch, .auto])
  func whatFitsIsNamedAndFits(engine: Engine) throws {
    let memory = try memory("a", engine: engine)
    #expect(try memory.most(upTo: 64, room(100_000)) == 64)
    try memory.check(batchSize: 64, room(100_000))
    let fitting = try memory.most(upTo: 1 << 16, room(1000))
    #expect((2..<1 << 16).contains(fitting))
    #expect(try memory.most(upTo: fitting, room(1000)) == fitting)
    #expect(try memory.most(upTo: 1 << 16, room(2000)) > fitting)
    let error = #expect(throws: RecipeError.self) {
      try memory.check(batchSize: 1 << 16, room(1000))
    }
    let sentence = try #require(error?.description)
    #expect(sentence.hasPrefix("65,536 images at a time would take about "), "\(sentence)")
    #expect(sentence.hasSuffix("1,000 MB are free; --batch-size \(fitting) fits"), "\(sentence)")
  }

  /// Estimates may be wrong by three tenths.
  @Test func whatIsLittleMoreThanFreeIsTried() throws {
    let memory = try memory("a")
    let fitting = try memory.most(upTo: 1 << 16, room(1000))
    try memory.check(batchSize: fitting, room(800))
    #expect(throws: RecipeError.self) { try memory.check(batchSize: fitting, room(700)) }
  }

  @Test func aNetworkThatDoesNotFitIsTold() throws {
    let memory = try memory("a", "b")
    let errors = [
      #expect(throws: RecipeError.self) { try memory.check(batchSize: 8, room(10)) },
      #expect(throws: RecipeError.self) { _ = try memory.most(upTo: 8, room(10)) },
    ]
    for error in errors {
      let sentence = try #require(error?.description)
      #expect(sentence.contains("10 MB are free; the network itself does not fit, with "))
    }
  }

  /// Networks take turns; the larger images count, and those of both lie beside each other.
  @Test func moreNetworksAndLargerImagesTakeMore() throws {
    let (small, large, both) = (try memory("a"), try memory("b"), try memory("a", "b"))
    let each = try [small, large, both].map { try $0.most(upTo: 1 << 16, room(1000)) }
    #expect(each[0] > each[1] && each[1] > each[2], "\(each)")
    #expect(try memory("a", side: 96).most(upTo: 1 << 16, room(1000)) == each[1])
  }

  @Test func whatNobodyKnowsIsNotJudged() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))
    try ModelFile(model: spec.build(seed: 1), spec: spec).write(
      to: folder.file("sizeless.safetensors"))
    let path = folder.file("sizeless.safetensors")
    func memory(_ side: Int?) throws -> InferenceMemory? {
      try InferenceMemory(
        [path], side: side, engine: .libtorch, precision: .f32, device: .cpu, registry: .standard)
    }
    #expect(try memory(nil) == nil)
    #expect(try memory(64) != nil)
  }
}
