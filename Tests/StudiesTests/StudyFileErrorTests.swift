import Foundation
import FunMatchRecipes
import FunMatchRuns
import FunMatchStudies
import FunMatchTestSupport
import Testing

/// What is wrong with a study is told in one sentence with file and key.
struct StudyFileErrorTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let recipe = """
      data: {train: "fashion-mnist:train", validation: "fashion-mnist:test"}
      teachers: [{weights: "t.safetensors", resolution: 28}]
      student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
      schedule: {epochs: 2}
      batchSize: 100
      evaluation: {every: 50}
      """
    _ = try folder.write("bad.yaml", Array("batchSize: 3".utf8))
    _ = try folder.write("base.yaml", Array(recipe.utf8))
  }

  private func sentence(_ text: String, _ edits: [String] = []) throws -> String {
    let path = try folder.write("study.yaml", Array(text.utf8))
    let error = #expect(throws: RecipeError.self, "\(text)") {
      try StudyFile(path: path, edits: edits) { _ in 50_000 }
    }
    let words = error?.description ?? ""
    #expect(words.hasPrefix(path + ": "), "\(words)")
    return String(words.dropFirst(path.count + 2))
  }

  @Test(arguments: [
    (
      "gird: {seed: [1]}", "unknown key 'gird'; did you mean 'grid'? a study has recipe, set, cases"
    ),
    (
      "grid: {optimizer.adam.lerningRate: {from: 1, to: 80, count: 80}}",
      "grid.optimizer.adam.lerningRate: unknown key 'optimizer.adam.lerningRate'; "
        + "did you mean 'learningRate'?"
    ),
    (
      "grid: {optimiser.adam.learningRate: [1, 2]}", "grid.optimiser.adam.learningRate: unknown key"
    ),
    (
      "cases: {a: {checkpoints.best: true, data: {train: 'pets:train'}}}",
      "cases.a.checkpoints.best: needs images under data.validation"
    ),
    ("cases: {a: {data: {}}}", "cases.a.data: the key 'data.train' is missing"),
    ("cases: {a: {}, b: {batchSize: 0}}", "cases.b.batchSize: 0 must be positive"),
    ("cases: {a: {views.policy: best}}", "cases.a.views.policy: expected one of fix/rs, "),
    ("grid: {views.policy: [funmatch, same/icc]}", "same/ic, funmatch; not 'same/icc'"),
    ("zip: {batchSize: [8, no]}", "zip.batchSize: must be a whole number; not 'no'"),
    (
      "grid: {schedule.steps: [1, -1]}",
      "grid.schedule.steps: schedule: its length must be positive"
    ),
    ("grid: {teachers.1.weights: [a, b]}", "grid.teachers.1.weights: '1' is not an index below 1"),
    ("set: {checkpoints.evry: 1}", "set.checkpoints.evry: unknown key"),
    ("set: {optimizer.adam.clipNorm: -1}\nseeds: 2", "set.optimizer.adam.clipNorm: "),
    ("set: 3", "set: expected a map"), ("set: {'': 3}", "set: expected a recipe's key"),
    ("set: {a..b: 3}", "set: expected a recipe's key"),
    ("cases: {}", "cases: expected a map"), ("cases: {a: 3}", "cases.a: expected a map"),
    ("cases: {'': {}}", "cases: a name is empty"),
    ("grid: {}", "grid: expected a map"),
    ("grid: {batchSize: []}", "grid.batchSize: the list is empty"),
    ("grid: {batchSize: 7}", "grid.batchSize: expected a list of values or a range"),
    ("grid: {batchSize: [8, 16, 8]}", "grid.batchSize: 8 is there twice"),
    (
      "grid: {batchSize: {from: 1, to: 2}}",
      "grid.batchSize: a range needs a count between 2 and 1000"
    ),
    ("grid: {batchSize: {from: 1, to: 10, count: 1}}", "a range needs a count"),
    ("grid: {batchSize: {from: 1, to: 2, count: 0}}", "a range needs a count"),
    ("grid: {batchSize: {from: 1, to: 2, count: 1001}}", "a range needs a count"),
    ("grid: {batchSize: {from: 0, to: 2, count: 3, scale: log}}", "log needs positive ends"),
    ("grid: {batchSize: {from: -1, to: -2, count: 3, scale: log}}", "log needs positive ends"),
    ("grid: {batchSize: {from: 1, to: .inf, count: 3}}", "a range needs a number under 'to'"),
    ("grid: {batchSize: {to: 2, count: 3}}", "a range needs a number under 'from'"),
    ("grid: {batchSize: {from: 1, to: 2, count: 3, scale: sqrt}}", "expected linear or log"),
    (
      "grid: {batchSize: {from: 1, too: 2, count: 3}}",
      "unknown key 'too' of a range; did you mean 'to'?"
    ),
    ("grid: {batchSize: {from: 1, to: 2, count: 3}}", "must be a whole number"),
    ("zip: []", "zip: the list is empty"), ("zip: {}", "zip: expected a map"),
    ("zip: {batchSize: [1, 2], schedule.steps: [1, 2, 3]}", "'batchSize' has 2 values and"),
    ("grid: {batchSize: [1]}\nzip: {batchSize: [2]}", "batchSize: is an axis twice"),
    ("grid: {seed: [1]}\nseeds: 2", "seed: is an axis twice"),
    ("zip: [{seed: [1]}, {seed: [2]}]", "seed: is an axis twice"),
    ("cases: {a: {seed: 1}}\nseeds: 2", "cases.a.seed: is an axis"),
    ("seeds: 0", "seeds: expected a number"), ("seeds: []", "seeds: expected a number"),
    ("seeds: [-1]", "seeds: expected a number"), ("seeds: many", "seeds: expected a number"),
    ("seeds: [4, 4]", "seeds: one is there twice"),
    ("seeds: 10001", "seeds: expected a number of seeds, at most 10000"),
    ("seeds: 101\ngrid: {batchSize: {from: 1, to: 100, count: 100}}", "more than 10000 students"),
    ("cases: {a: {}, b: {seed: 0}}", "the students 'a' and 'b' have the very same recipe"),
    (
      "grid: {distance.kl.temperature: [1, 1.0]}",
      "the students 'temperature=1' and 'temperature=1.0' have the very same recipe"
    ),
    ("together: 0", "together: expected a positive number"),
    ("together: all", "together: expected a positive number"),
    ("halving: {}", "the key 'halving.steps' is missing"),
    ("halving: 3", "the key 'halving' must be a map of keys"),
    ("halving: {stesp: [50]}", "is 'stesp' meant for it?"),
    ("halving: {steps: [50], kep: 1}", "unknown key 'halving.kep'; did you mean 'keep'?"),
    ("halving: {steps: []}", "halving.steps: expected positive steps"),
    ("halving: {steps: [100, 100]}", "halving.steps: expected positive steps"),
    ("halving: {steps: [0]}", "halving.steps: expected positive steps"),
    ("halving: {steps: [50], keep: 1}", "halving.keep: 1.0 must be between 0 and 1"),
    (
      "halving: {steps: [75]}",
      "halving.steps: 75 must be a multiple of evaluation.every, which is 50"
    ),
    (
      "halving: {steps: [1000]}",
      "halving.steps: 1000 must be below the longest student's 1000 steps"
    ),
    (
      "halving: {steps: [50]}\nset: {data.validation: null}",
      "halving: student 'base' has no images under data.validation"
    ),
    ("branch: {}", "the key 'branch.at' is missing"),
    ("branch: {at: [10]}", "branch: one of cooldown and cooldownSteps must be given"),
    ("branch: {at: [20, 10], cooldown: 0.2}", "branch.at: expected positive lengths that ascend"),
    ("branch: {at: [0], cooldown: 0.2}", "branch.at: expected positive lengths that ascend"),
    ("branch: {at: [10], cooldown: 1}", "branch.cooldown: 1.0 must be between 0 and 1"),
    ("branch: {at: [10], cooldown: 0.2, cooldownSteps: 3}", "only one of cooldown and"),
    (
      "branch: {at: [10], cooldownSteps: 10}",
      "branch.cooldownSteps: must be below the shortest length, which is 10"
    ),
    ("branch: {at: [10], coldown: 0.2}", "did you mean 'cooldown'?"),
    ("branch: {at: [50], cooldown: 0.2}\nhalving: {steps: [50]}", "cannot be halved"),
    (
      "branch: {at: [50], cooldown: 0.2}\ngrid: {schedule.steps: [1]}",
      "schedule.steps: is an axis twice; a key stands in one place of grid, zip and branch"
    ),
    ("branch: {at: [50], cooldown: 0.2}\ngrid: {schedule.epochs: [1]}", "schedule.epochs"),
    (
      "branch: {at: [50], cooldown: 0.2}\nset: {schedule.decay: linear}",
      "set.schedule.decay: is an axis"
    ),
    ("grid: {batchSize: [1]\n", "line 3 is not YAML: did not find expected ',' or '}'"),
    ("seeds: 2\ngrid: [a: b: c]", "line 3 is not YAML: "),
    ("seeds: \u{7}", "is not YAML: control characters are not allowed"),
    (
      "grid: {batchSize: [1], batchSize: [2]}",
      "line 2: the key 'batchSize' is there more than once in its map"
    ),
    ("seeds: 2\nseeds: 3", "line 2: the key 'seeds' is there more than once in its map"),
  ])
  func errorsNameFileAndKey(_ keys: String, _ expected: String) throws {
    let sentence = try sentence("recipe: base.yaml\n" + keys)
    #expect(sentence.contains(expected), "\(keys): \(sentence)")
    #expect(!sentence.contains("\n"))
  }

  /// An axis would undo what a case, another axis or the command line says, under its name.
  @Test(arguments: [
    (
      "cases: {adam: {}, sgd: {optimizer: {sgd: {}}}}\ngrid: {optimizer.adam.learningRate: [1, 2]}",
      "cases.sgd.optimizer: 'optimizer' holds the axis 'optimizer.adam.learningRate'"
    ),
    (
      "cases: {sgd: {optimizer.sgd.momentum: 0}}\ngrid: {optimizer.adam.learningRate: [1, 2]}",
      "cases.sgd.optimizer.sgd.momentum: the axis 'optimizer.adam.learningRate' would undo "
        + "'optimizer.sgd.momentum'; only one of 'optimizer.sgd' and 'optimizer.adam' can be told"
    ),
    (
      "grid: {optimizer: [{adam: {}}, {sgd: {}}], optimizer.adam.learningRate: [1, 2]}",
      "grid.optimizer.adam.learningRate: 'optimizer.adam.learningRate' lies within the axis "
        + "'optimizer'"
    ),
    (
      "zip: {optimizer.adam.learningRate: [1, 2], optimizer: [{adam: {}}, {sgd: {}}]}",
      "zip.optimizer: 'optimizer' holds the axis 'optimizer.adam.learningRate'"
    ),
    (
      "cases: {a: {distance.kl.temperature: 2}}\ngrid: {distance: [{kl: {}}]}",
      "cases.a.distance.kl.temperature: 'distance.kl.temperature' lies within the axis 'distance'"
    ),
    (
      "cases: {a: {student.model: {mlp: {}}}}\ngrid: {student.model.bit.width: [1]}",
      "cases.a.student.model: 'student.model' holds the axis 'student.model.bit.width'"
    ),
    (
      "cases: {a: {views: {policy: ind/ic}}}\nzip: {views.mixup: [0, 1]}",
      "cases.a.views: 'views' holds the axis 'views.mixup'"
    ),
    (
      "cases: {a: {teachers: []}}\ngrid: {teachers.0.resolution: [28]}",
      "cases.a.teachers: 'teachers' holds the axis 'teachers.0.resolution'"
    ),
    (
      "grid: {schedule.steps: [100, 200], schedule.epochs: [1, 2]}",
      "grid.schedule.epochs: the axis 'schedule.steps' would undo 'schedule.epochs'; only one of "
        + "'schedule.epochs' and 'schedule.steps' can be told"
    ),
    (
      "cases: {a: {schedule.steps: 100}}\ngrid: {schedule.epochs: [1, 2]}",
      "only one of 'schedule.steps' and 'schedule.epochs' can be told"
    ),
    (
      "set: {schedule.warmupSteps: 100}\ngrid: {schedule.warmupFraction: [0.1, 0.2]}",
      "set.schedule.warmupSteps: the axis 'schedule.warmupFraction' would undo"
    ),
    ("set: {batchSize: 1}\ngrid: {batchSize: [1, 2]}", "set.batchSize: is an axis"),
  ])
  func axesUndoNothing(_ keys: String, _ expected: String) throws {
    let sentence = try sentence("recipe: base.yaml\n" + keys)
    #expect(sentence.hasPrefix(expected) || sentence.hasSuffix(expected), "\(keys): \(sentence)")
  }

  @Test func theCommandLineUndoesNoAxis() throws {
    let text = "recipe: base.yaml\ngrid: {optimizer.adam.learningRate: [1, 2]}"
    #expect(
      try sentence(text, ["optimizer={sgd: {}}"]).hasPrefix(
        "--set optimizer={sgd: {}}: 'optimizer' holds the axis 'optimizer.adam.learningRate'"))
    #expect(
      try sentence(text, ["optimizer.sgd.momentum=0"]).contains("only one of 'optimizer.sgd' and"))
    #expect(try sentence(text, ["batchSize=big"]) == "--set batchSize=big: must be a whole number")
  }

  @Test func recipesAndStudiesAreToldApart() throws {
    let path = folder.file("base.yaml")
    let recipe = #expect(throws: RecipeError.self) { try StudyFile(path: path) }
    #expect(
      recipe?.description.hasPrefix(
        "\(path): unknown key 'data'; this is a recipe, which funmatch distill takes; a study has ")
        == true)
    let other = try folder.write("other.yaml", Array("recipe: base.yaml\nseeds: 2".utf8))
    let study = #expect(throws: RecipeError.self) { try RecipeFile(path: other) }
    #expect(
      study?.description
        == "\(other): this is a study, which funmatch study takes; expected a recipe")
    #expect(
      try sentence("recipe: other.yaml").hasPrefix("recipe: '\(other)' is itself a study"))
  }

  @Test(arguments: [
    ("seeds: 2", "the key 'recipe' is missing"), ("recipe: null", "the key 'recipe' is missing"),
    ("recipe: [base.yaml]", "recipe: expected the name of a file"),
    ("recipe: gone.yaml", "recipe: there is no file '"),
    ("recipe: bad.yaml", "student 'bad' of bad.yaml: the key 'data' is missing"),
    ("recipe: {batchSize: 3}", "student 'study': the key 'data' is missing"),
    ("recipe: {batchsize: 3}", "student 'study': "), ("- recipe", "expected a YAML map"),
    ("", "expected a YAML map"),
  ])
  func recipesAreNeeded(_ text: String, _ expected: String) throws {
    let sentence = try sentence(text)
    #expect(sentence.contains(expected), "\(text): \(sentence)")
  }

  @Test func theCommandLineCannotSetAnAxis() throws {
    let text = "recipe: base.yaml\ngrid: {batchSize: [1, 2]}"
    #expect(try sentence(text, ["batchSize=3"]).hasPrefix("--set batchSize=3: is an axis"))
    #expect(try sentence(text, ["seed=-1"]).hasPrefix("--set seed=-1: "))
    #expect(
      try sentence(text, ["teachers.3.weights=x"])
        == "--set teachers.3.weights=x: '3' is not an index below 1")
  }

  @Test func missingStudiesAreNamed() {
    let error = #expect(throws: RecipeError.self) { try StudyFile(path: "/nowhere/s.yaml") }
    #expect(error?.description == "/nowhere/s.yaml: cannot be read; expected a study in YAML")
  }
}
