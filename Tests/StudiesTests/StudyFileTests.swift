import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies
import FunMatchTestSupport
import FunMatchViews
import Testing

struct StudyFileTests {
  private let folder: TemporaryFolder
  private let recipe = """
    data: {train: "fashion-mnist:train", validation: "fashion-mnist:test"}
    teachers: [{weights: "t.safetensors", resolution: 28}]
    student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
    schedule: {epochs: 2}
    batchSize: 100
    evaluation: {every: 50}
    """

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.write("base.yaml", Array(recipe.utf8))
  }

  /// A study of `base.yaml`, which has 1,000 steps.
  private func study(
    _ keys: String, _ edits: [String] = [], recipe: String = "recipe: base.yaml"
  ) throws -> StudyFile {
    let path = try folder.write("study.yaml", Array("\(recipe)\n\(keys)".utf8))
    return try StudyFile(path: path, edits: edits) { _ in 50_000 }
  }

  private func settings(_ student: StudyFile.Student) -> [String] {
    student.settings.map { "\($0.key)=\($0.value)" }
  }

  @Test func aStudyWithoutAxesIsItsRecipe() throws {
    let study = try study("")
    let file = try RecipeFile(path: folder.file("base.yaml"))
    #expect(study.name == "study" && study.axes.isEmpty && study.students.count == 1)
    #expect(study.halving == nil && study.together == nil)
    #expect(study.students[0].name == "base" && study.students[0].settings.isEmpty)
    #expect(study.students[0].file.recipe == file.recipe)
    #expect(study.students[0].file.path == file.path)
    #expect(study.students[0].kind == .distillation)
  }

  @Test func axesAreCrossedInOrder() throws {
    let study = try study(
      """
      set: {schedule.steps: 1000}
      cases:
        funmatch: {}
        labels alone: {teachers: [], views.policy: same/ic}
      grid:
        optimizer.adam.learningRate: [0.0003, 0.01]
        distance.kl.temperature: [1, 2.0]
      zip:
        - {evaluation.every: [100, 200], optimizer.adam.weightDecay: [0.001, 1.0e-4]}
      seeds: 3
      together: 8
      """)
    #expect(
      study.axes == [
        "case", "optimizer.adam.learningRate", "distance.kl.temperature", "evaluation.every",
        "optimizer.adam.weightDecay", "seed",
      ])
    #expect(study.students.count == 2 * 2 * 2 * 2 * 3 && study.together == 8)
    let names = study.students.map(\.name)
    #expect(
      names[0] == "funmatch,learningRate=0.0003,temperature=1,every=100,weightDecay=0.001,seed=0")
    #expect(names[1].hasSuffix("weightDecay=0.001,seed=1"))
    #expect(names[3].hasSuffix("temperature=1,every=200,weightDecay=1.0e-4,seed=0"))
    #expect(names[6].hasSuffix("temperature=2.0,every=100,weightDecay=0.001,seed=0"))
    #expect(names[12].hasPrefix("funmatch,learningRate=0.01,temperature=1,"))
    #expect(names[24].hasPrefix("labels-alone,learningRate=0.0003,"))
    #expect(Set(names).count == names.count)
    let last = try #require(study.students.last)
    #expect(
      settings(last) == [
        "case=labels alone", "optimizer.adam.learningRate=0.01", "distance.kl.temperature=2.0",
        "evaluation.every=200", "optimizer.adam.weightDecay=1.0e-4", "seed=2",
      ])
    #expect(last.kind == .supervision && last.file.recipe.shared.views == .sameInception)
    #expect(
      last.file.recipe.student.distance == .kl(temperature: 2) && last.file.recipe.shared.seed == 2)
    #expect(
      last.file.recipe.student.schedule.steps == 1000
        && last.file.recipe.student.schedule.epochs == nil)
    #expect(last.file.recipe.student.optimizer.value.learningRate == 0.01)
  }

  /// Each student is what `funmatch distill` makes of the recipe with the same settings.
  @Test func studentsAreTheRecipesWithTheirSettings() throws {
    let study = try study(
      """
      set: {views.mixup: 0.5, optimizer.sgd.momentum: 0.8}
      grid: {views.policy: [funmatch, ind/ic], optimizer.sgd.learningRate: {from: 0.1, to: 1, count: 4}}
      """, ["batchSize=64", "optimizer.sgd.momentum=0.7"])
    #expect(study.students.count == 8)
    for student in study.students {
      let edits =
        ["views.mixup=0.5", "batchSize=64", "optimizer.sgd.momentum=0.7"] + settings(student)
      let alone = try RecipeFile(path: folder.file("base.yaml"), edits: edits).recipe
      #expect(student.file.recipe == alone)
      #expect(student.file.recipe.shared.views.mixup == 0.5)
    }
    #expect(study.students[4].name == "policy=ind-ic,learningRate=0.1")
  }

  @Test func recipesCanBeInline() throws {
    let inline = "recipe:\n" + recipe.split(separator: "\n").map { "  \($0)\n" }.joined()
    let study = try study("seeds: [7, 3]", recipe: inline)
    #expect(study.students.map(\.name) == ["seed=7", "seed=3"])
    // Weights are looked for beside the study.
    #expect(study.students[0].file.path == study.path)
    #expect(study.students[1].file.recipe.shared.seed == 3)
    #expect(try self.study("", recipe: inline).students[0].name == "study")
  }

  @Test func recipesAreRelativeToTheStudy() throws {
    let below = folder.file("below")
    try FileManager.default.createDirectory(atPath: below, withIntermediateDirectories: false)
    let path = try folder.write("below/s.yaml", Array("recipe: ../base.yaml".utf8))
    #expect(try StudyFile(path: path).students[0].file.path == below + "/../base.yaml")
    _ = try folder.write("below/s.yaml", Array("recipe: '\(folder.file("base.yaml"))'".utf8))
    #expect(try StudyFile(path: path).students[0].file.path == folder.file("base.yaml"))
  }

  @Test(
    arguments: [
      ("{from: 1, to: 10, count: 4}", ["1", "4", "7", "10"]),
      ("{from: 1, to: 10, count: 4, scale: log}", ["1", "2.154", "4.642", "10"]),
      ("{from: 1.0e-5, to: 1.0e-3, count: 3, scale: log}", ["1.0e-5", "0.0001", "1.0e-3"]),
      ("{from: 1.0e-7, to: 1.0e-3, count: 3, scale: log}", ["1.0e-7", "1e-05", "1.0e-3"]),
      ("{from: 0.3, to: 0.1, count: 3, scale: linear}", ["0.3", "0.2", "0.1"]),
      ("{from: 500, to: 123456, count: 3, scale: log}", ["500", "7857", "123456"]),
      ("{from: 2, to: 3, count: 2}", ["2", "3"]), ("{from: 2, to: 3, count: 1}", nil),
      ("[0.0003, 3e-4, 3.0E-4]", nil),
      ("[1, 2.50, 1.0e+1]", ["1", "2.50", "1.0e+1"]),
    ] as [(String, [String]?)])
  func rangesAndListsKeepTheirText(_ values: String, _ expected: [String]?) throws {
    let keys = "grid: {distance.kl.temperature: \(values)}"
    guard let expected else {
      #expect(throws: RecipeError.self) { try study(keys) }
      return
    }
    let students = try study(keys).students
    #expect(students.map { $0.settings[0].value } == expected)
    #expect(students.map(\.name) == expected.map { "temperature=\($0)" })
    #expect(
      try students.map(\.file.recipe.student.distance)
        == expected.map { .kl(temperature: try #require(Double($0))) })
  }

  @Test func namesAreShortAndSafe() throws {
    func names(_ keys: String) throws -> [String] { try study(keys).students.map(\.name) }
    #expect(
      try names("grid: {optimizer: [{adam: {}}, {sgd: {momentum: 0.8}}], schedule.decay: [linear]}")
        == ["optimizer=#1,decay=linear", "optimizer=#2,decay=linear"])
    #expect(
      try names("grid: {teachers.0.weights: [../a.npz, b c.npz]}")
        == ["weights=..-a.npz", "weights=b-c.npz"])
    let long = String(repeating: "x", count: 25)
    #expect(try names("grid: {teachers.0.weights: [\(long), y]}") == ["weights=#1", "weights=y"])
    #expect(
      try names("grid: {teachers.0.weights: [a/b, a-b, c]}")
        == ["weights=a-b", "weights=a-b#2", "weights=c"])
    #expect(
      try names("cases: {A: {seed: 1}, a: {seed: 2}, .é: {seed: 3}}") == ["A", "a#2", "--"])
    #expect(
      try names(
        "grid: {evaluation.every: [9], checkpoints.every: [8]}")
        == ["evaluation.every=9,checkpoints.every=8"])
    #expect(
      try names("grid: {student.resolution: [28], teachers.0.resolution: [32]}")
        == ["student.resolution=28,0.resolution=32"])
    let wide = (0..<5).map { "\(String(repeating: "y", count: 22))\($0)" }
    let cases = wide.map { "\($0)\($0)\($0)\($0)\($0)\($0): {seed: \($0.suffix(1))}" }
    let cut = try study("cases:\n" + cases.map { "  \($0)\n" }.joined()).students.map(\.name)
    #expect(cut.allSatisfy { $0.count <= 120 } && Set(cut).count == 5)
    for name in try names("cases: {'../../etc': {seed: 9}, '..': {}, 'a\\b': {seed: 2}}") {
      #expect(!name.contains("/") && !name.hasPrefix("."))
    }
  }

  @Test func namesStayWhenAxesGrow() throws {
    let small = try study("grid: {optimizer: [{adam: {}}]}\nseeds: 2").students.map(\.name)
    let large = try study("grid: {optimizer: [{adam: {}}, {sgd: {}}]}\nseeds: 4").students.map(
      \.name)
    #expect(Set(small).isSubset(of: large) && large.count == 8)
  }

  /// The study of the documentation.
  @Test func theDocumentedStudyIsRead() throws {
    let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized.path
    let page = try String(contentsOfFile: root + "/docs/studies.md", encoding: .utf8)
    let text = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first)
      .components(separatedBy: "```")[0].replacingOccurrences(
        of: "../Recipes", with: root + "/Recipes")
    let path = try folder.write("documented.yaml", Array(text.utf8))
    let study = try StudyFile(path: path) { _ in 60_000 }
    #expect(study.students.count == 216 && page.contains("= 216 students"))
    #expect(study.halving?.steps == [1000, 2000] && study.together == 8)
    let named =
      "labels-alone,learningRate=0.003,weightDecay=1.0e-5,batchSize=128,warmupSteps=200,seed=0"
    #expect(study.students.map(\.name).contains(named) && page.contains(named))
  }

  @Test func allStudiesOfThePackageAreRead() throws {
    let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Studies")
      .standardized.path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }
    #expect(names.count >= 10)
    for name in names {
      let study = try StudyFile(path: folder + "/" + name) { _ in 60_000 }
      #expect(study.students.count > 1, "\(name)")
    }
  }

  /// What all students begin with may be changed in part by an axis, or as a whole.
  @Test func axesComeAfterTheBase() throws {
    let part = try study(
      "set: {optimizer: {sgd: {momentum: 0.8}}}\ngrid: {optimizer.sgd.learningRate: [0.1, 0.2]}")
    #expect(part.students.map(\.file.recipe.student.optimizer.value.learningRate) == [0.1, 0.2])
    let whole = try study(
      "set: {optimizer.sgd.momentum: 0.8}\ngrid: {optimizer: [{adam: {learningRate: 0.1}}]}")
    #expect(whole.students.map(\.file.recipe.student.optimizer.value.learningRate) == [0.1])
    let policies = try study(
      "set: {views: {policy: ind/ic}}\ngrid: {views.policy: [fix/rs, same/ic]}")
    #expect(policies.students.map(\.file.recipe.shared.views.name) == ["fix/rs", "same/ic"])
    let cases = try study(
      "set: {views.policy: ind/ic}\ncases: {a: {views: {policy: fix/rs}}, b: {}}")
    #expect(cases.students.map(\.file.recipe.shared.views.name) == ["fix/rs", "ind/ic"])
  }

  @Test func halvingIsRead() throws {
    let study = try study("seeds: 2\nhalving: {steps: [100, 500]}")
    #expect(study.halving?.steps == [100, 500] && study.halving?.keep == 0.5)
    #expect(try self.study("halving: {steps: [950], keep: 0.25}").halving?.keep == 0.25)
    // The longest student counts.
    let lengths = "grid: {schedule.steps: [100, 2000]}\nhalving: {steps: [1500]}"
    #expect(try self.study(lengths).halving?.steps == [1500])
  }

  @Test func branchesAreLengthsWithACoolDown() throws {
    let study = try study("branch: {at: [100, 400], cooldown: 0.25}\nseeds: 2")
    #expect(study.axes == ["schedule.steps", "seed"])
    #expect(
      study.students.map(\.name)
        == ["steps=100,seed=0", "steps=100,seed=1", "steps=400,seed=0", "steps=400,seed=1"])
    for student in study.students {
      let schedule = student.file.recipe.student.schedule
      #expect(schedule.epochs == nil && schedule.decay.name == "constant")
      #expect(schedule.cooldownFraction == 0.25 && schedule.cooldownSteps == nil)
    }
    let fixed = try self.study("branch: {at: [100, 400], cooldownSteps: 30}")
    #expect(fixed.students.map(\.file.recipe.student.schedule.cooldownSteps) == [30, 30])
    #expect(fixed.students.map(\.file.recipe.student.schedule.steps) == [100, 400])
  }

  @Test func manyStudentsAreRead() throws {
    let study = try study(
      "grid: {optimizer.adam.learningRate: {from: 0.001, to: 0.002, count: 10}}\nseeds: 20")
    #expect(study.students.count == 200)
  }

  @Test(arguments: [
    ("", "teachers compute logits of 120,000 views instead of 360,000 by single runs"),
    (
      "bank: {}",
      "teachers compute logits of 120,000 views instead of 360,000 by single runs without a bank"
    ),
    (
      "bank: {epochs: 1}",
      "teachers compute logits of 60,000 views instead of 360,000 by single runs without a bank"
    ),
    (
      "bank: {epochs: 3}",
      "teachers compute logits of 120,000 views instead of 360,000 by single runs without a bank"
    ),
    ("views.policy: fix/rs", "teachers compute logits of 0 views instead of 0 by single runs"),
  ])
  func aPlanCountsTheViewsOfTeachers(key: String, views: String) throws {
    let keys = "set: {\(key)}\ngrid: {distance.kl.temperature: [1, 2, 4]}"
    func plan(_ more: String) throws -> StudyPlan {
      try StudyPlan(
        study(keys + more), DatasetRegistry(dataFolder: folder.file("data")), inventsMissing: true)
    }
    let all = try plan("")
    #expect(all.steps == [1200, 1200, 1200])
    #expect(all.summary == "3 students in 1 group that share views and teachers: \(views)")
    // Every wave needs forward passes of its own where nothing is kept.
    let waves = try plan("\ntogether: 2").summary
    #expect(key.isEmpty ? waves.contains("logits of 240,000 views") : waves == all.summary)
  }

  @Test func aPlanTellsWhoLearnsWithWhom() throws {
    let study = try study("cases: {a: {}, b: {distance.kl.temperature: 3}, c: {seed: 1}}")
    let plan = try StudyPlan(
      study, DatasetRegistry(dataFolder: folder.file("data")), inventsMissing: true)
    let lines = plan.description(study)
    let memory = lines.filter { $0.hasPrefix("  memory: about ") }
    #expect(memory.count == 2 && memory[0].contains("for each more"), "\(memory)")
    #expect(
      lines.filter { !memory.contains($0) } == [
        "group 1 of 2: 2 students", "  a: 1,200 steps", "  b: 1,200 steps",
        "group 2 of 2: 1 student",
        "  c: 1,200 steps", plan.summary, "t.safetensors: is not here yet",
      ])
  }
}
