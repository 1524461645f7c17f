import Foundation
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchTestSupport
import FunMatchViews
import Testing

struct RecipeTests {
  private let folder: TemporaryFolder
  private let text = """
    data: {train: "fashion-mnist:train"}
    teachers: [{weights: "t.safetensors", resolution: 28}]
    student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
    schedule: {epochs: 2}
    """

  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String, _ edits: [String] = []) throws -> Recipe {
    try RecipeFile(path: folder.write("r.yaml", Array(text.utf8)), edits: edits).recipe
  }

  @Test func defaultsAreThePapers() throws {
    let recipe = try read(text)
    #expect(recipe.shared.batchSize == 512)
    #expect(
      recipe.shared.views.name == "funmatch" && recipe.shared.views.mixup == 1
        && recipe.shared.views.flip)
    #expect(recipe.shared.views.crop == .inception(areaMin: 0.05, areaMax: 1))
    #expect(recipe.student.distance == .kl(temperature: 1))
    #expect(recipe.student.optimizer == .adam(AdamConfiguration(clipNorm: 1, firstMoment: .bf16)))
    #expect(
      recipe.student.schedule.warmupSteps == 1500 && recipe.student.schedule.decay.name == "cosine")
    #expect(
      recipe.shared.combine == .distances && recipe.student.labels.alpha == 0
        && recipe.student.average == nil)
    #expect(recipe.shared.precision == .auto && recipe.student.precision == .auto)
    #expect(
      EvaluationPreprocessing.usualResize(128) == 160
        && EvaluationPreprocessing.usualResize(224) == 256)
    // 2 × 1020 / 512 = 3.98, rounded as the official `steps` rounds.
    #expect(try recipe.totalSteps(imageCount: 1020) == 4)
  }

  @Test func aRecipeWrittenOutIsTheSameRecipe() throws {
    let recipe = try read(text)
    #expect(try read(RecipeFile.text(recipe)) == recipe)
  }

  private struct Numbers: Codable {
    let number: Double
    let map: [String: [Double]]
  }

  /// Numbers of all kinds: any bits, and those of some hundred binary orders around 1, which have no power of ten in decimals.
  @Test func numbersThatAreWrittenOutHaveTheSameBits() throws {
    var bits = Philox(seed: 3, 0, 0, 0)
    var numbers = [
      0.1 + 0.2, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0, -0.0, 1e15, 1e22,
      123,
    ]
    for _ in 0..<500 {
      let any = Double(bitPattern: bits.next())
      if any.isFinite { numbers.append(any) }
      numbers.append(Double.random(in: -2...2, using: &bits))
      numbers.append(Double.random(in: 0...1e17, using: &bits))
      numbers.append(exp(Double.random(in: -30...10, using: &bits)))
    }
    let text = try RecipeText.text(Numbers(number: numbers[0], map: ["a.b": numbers]))
    let read: Numbers = try RecipeFile.value(text, "numbers")
    #expect(read.number == numbers[0])
    let kept = try #require(read.map["a.b"])
    #expect(kept.map(\.bitPattern) == numbers.map(\.bitPattern))

    let infinite = try RecipeText.text(Numbers(number: .infinity, map: ["a": [-.infinity, 3e-4]]))
    #expect(infinite == "number: .inf\nmap:\n  a:\n  - -.inf\n  - 0.0003\n", "\(infinite)")
  }

  @Test func recipesThatAreWrittenOutLearnAtTheSameRates() throws {
    var bits = Philox(seed: 4, 0, 0, 0)
    for _ in 0..<50 {
      let rate = exp(Double.random(in: -12...0, using: &bits))
      let share = Double.random(in: 0.1..<1, using: &bits)
      let recipe = try read(
        text,
        [
          "optimizer.adam.learningRate=\(rate)", "schedule.hours=\(share)",
          "schedule.decay=constant", "schedule.cooldownFraction=\(share)",
          "data.train={'fashion-mnist:train': \(share), 'fashion-mnist:test': 1}",
        ])
      let again = try read(RecipeFile.text(recipe))
      #expect(again.student.optimizer.value.learningRate == rate)
      #expect(again == recipe)
    }
  }

  @Test(arguments: [
    ("batchsize: 8", "'batchsize'", "batchSize"),
    ("optimizer: {adam: {learning_rate: 0.1}}", "'optimizer.adam.learning_rate'", "learningRate"),
    ("views: {mixUp: 1}", "'views.mixUp'", "mixup"),
    ("distance: {kl: {temprature: 2}}", "'distance.kl.temprature'", "temperature"),
    ("evaluation: {evry: 5}", "'evaluation.evry'", "every"),
    ("views: {crop: {inception: {areamin: 0.5}}}", "'views.crop.inception.areamin'", "areaMin"),
  ])
  func unknownKeysNameTheNearestKnownOne(line: String, key: String, nearest: String) throws {
    let error = #expect(throws: RecipeError.self) { try read(text + "\n" + line) }
    let words = error?.description ?? ""
    #expect(words.contains(folder.path) && words.contains(key))
    #expect(words.contains("did you mean '\(nearest)'"))
  }

  @Test(arguments: [
    ("student: {resolution: 28}", "student: {resolutoin: 28}", "student.resolution"),
    ("schedule: {epochs: 2}", "schedule: {epochs: 2, steps: 3}", "only one of"),
    ("schedule: {epochs: 2}", "schedule: {}", "exactly one"),
    ("schedule: {epochs: 2}", "schedule: {epochs: -2}", "positive"),
    ("schedule: {epochs: 2}", "schedule: {epochs: many}", "schedule.epochs"),
    ("schedule: {epochs: 2}", "schedule: {epochs: 2}\nprecision: f8", "precision"),
    ("schedule: {epochs: 2}", "schedule: {epochs: 2}\nbatchSize: 0", "batchSize"),
    ("schedule: {epochs: 2}", "schedule: {epochs: 2}\nbatchSize: 1000000000000", "batchSize"),
    ("resolution: 28}\nschedule", "resolution: 4000000000}\nschedule", "student.resolution"),
    ("schedule: {epochs: 2}", "schedule: {epochs: .nan}", "positive"),
    (
      "schedule: {epochs: 2}", "schedule: {epochs: 2}\noptimizer: {adam: {learningRate: 1e39}}",
      "learningRate"
    ),
    ("depth: [1]", "depth: [1000, 1000, 1000, 1000, 1000, 1000]", "parameters"),
    (
      "schedule: {epochs: 2}", "schedule: {epochs: 2}\nviews: {policy: mixed}",
      "views.policy: expected one of fix/rs, fix/cc, fix/ic_ens, ind/rc, ind/ic, same/rc, same/ic, funmatch"
    ),
    ("{bit: {depth: [1], width: 0.5}}", "resnet49", "resnet50"),
    ("schedule: {epochs: 2}", "schedule: {epochs: 2}\ndistance: cosine", "distance"),
    ("schedule: {epochs: 2}", "schedule: [", "YAML"),
    ("\"t.safetensors\"", "null", "teachers.0.weights"),
    ("width: 0.5", "width: 0.5, groups: 5", "student.model"),
    ("\"fashion-mnist:train\"", "\"fashion mnist\"", "data.train"),
  ])
  func wrongValuesAreRefusedByKey(right: String, wrong: String, word: String) throws {
    let changed =
      right == "student: {resolution: 28}"
      ? text.replacingOccurrences(
        of: "resolution: 28}\nschedule", with: "resolutoin: 28}\nschedule")
      : text.replacingOccurrences(of: right, with: wrong)
    try #require(changed != text)
    let error = #expect(throws: RecipeError.self) { try read(changed) }
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
  }

  @Test func editsReplaceValues() throws {
    let recipe = try read(
      text,
      [
        "optimizer.adam.learningRate=0.003", "teachers.0.resolution=32", "schedule.steps=7",
        "student.model.bit.depth=[1, 1]", "batchSize=16",
      ])
    #expect(recipe.student.optimizer.value.learningRate == 0.003)
    #expect(recipe.shared.teachers[0].resolution == 32)
    #expect(recipe.student.schedule.steps == 7 && recipe.student.schedule.epochs == nil)
    #expect(try recipe.totalSteps(imageCount: 99) == 7)
    #expect(recipe.student.model == .bit(BiTSpec(depth: [1, 1], width: 0.5)))
    for wrong in [
      "batchSize", "=3", "teachers.4.resolution=3", "batchSise=4", "batchSize=[", "seed=-1",
    ] {
      #expect(throws: RecipeError.self, "\(wrong)") { try read(text, [wrong]) }
    }
  }

  @Test func aNetworkCanGoByItsName() throws {
    let named = text.replacingOccurrences(
      of: "{bit: {depth: [1], width: 0.5}}", with: "bit-r50x2")
    #expect(try read(named).student.model == .bit(BiTSpec(depth: [3, 4, 6, 3], width: 2)))
  }

  @Test func missingRecipesAreNamed() {
    let error = #expect(throws: RecipeError.self) { try RecipeFile(path: "/nowhere/r.yaml") }
    #expect(error?.description.contains("/nowhere/r.yaml") == true)
  }

  @Test func aPolicyThatIsSetBringsItsOwnSettings() throws {
    let folder = try TemporaryFolder()
    let text = """
      data: {train: "fashion-mnist:train"}
      student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
      views: {policy: funmatch, crop: {inception: {areaMin: 0.3}}, flip: false, mixup: 1}
      schedule: {steps: 3}
      """
    let path = try folder.write("r.yaml", Array(text.utf8))
    let views = { (edits: String...) in try RecipeFile(path: path, edits: edits).recipe.shared.views
    }
    #expect(try views("views.policy=same/rc") == .sameRandom)
    let mixed = try views("views.mixup=0.5", "views.policy=same/rc")
    #expect(mixed.mixup == 0.5 && mixed.crop == ViewPolicy.sameRandom.crop && mixed.flip)
    #expect(try !views("views.mixup=0").flip)
  }
}
