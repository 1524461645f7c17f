import FunMatchDatasets
import FunMatchDistillation
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchTestSupport
import Testing

/// Keys that say more than a number.
struct RecipeKeysTests {
  private let folder: TemporaryFolder
  private let text = """
    data: {train: "fashion-mnist:train"}
    teachers: [{weights: "t.safetensors", resolution: 28}]
    student: {model: {bit: {depth: [1], width: 0.5}}, resolution: 28}
    schedule: {epochs: 2}
    """

  init() throws { folder = try TemporaryFolder() }

  private func read(
    _ text: String, _ edits: [String] = [], images: Int = 1000
  ) throws -> Recipe {
    try RecipeFile(path: folder.write("r.yaml", Array(text.utf8)), edits: edits) { _ in images }
      .recipe
  }

  private func isWhole(_ recipe: Recipe) throws -> Bool {
    try read(RecipeFile.text(recipe)) == recipe
  }

  @Test func trainingImagesAreTextAListOrAMap() throws {
    let one = try read(text).shared.train
    #expect(one.references.count == 1 && one.shares == nil)
    let list = try read(text, ["data.train=[pets:train, 'food101:train[:10%]']"])
    #expect(
      list.shared.train.references.map(\.description) == ["pets:train", "food101:train[:10%]"])
    #expect(list.shared.train.shares == nil)
    let map = try read(text, ["data.train={'photos:/a:b': 3, pets:train: 1}"])
    #expect(map.shared.train.references.map(\.description) == ["pets:train", "photos:/a:b"])
    #expect(map.shared.train.shares == [1, 3])
    for recipe in [list, map] { #expect(try isWhole(recipe)) }
    for bad in [
      "{pets:train: 0}", "{pets:train: -1}", "[]", "[7:8:9]", "{'pets train': 1}",
      "{pets:train: 1.0e+306, food101:train: 1.0e+306}", "{pets:train: 1, food101:train: 0.0001}",
      "{pets:train: much}",
    ] {
      #expect(throws: RecipeError.self) { try read(text, ["data.train=\(bad)"]) }
    }
  }

  @Test func aPartOfAFileOfWeightsIsNamed() throws {
    let recipe = try read(
      text,
      [
        "teachers.0.key=model_ema", "teachers.0.prefix=student.", "student.weights=s.pth",
        "student.key=model.state_dict", "student.prefix=backbone",
      ])
    let teacher = recipe.shared.teachers[0]
    #expect(teacher.key == "model_ema" && teacher.prefix == "student.")
    #expect(recipe.student.key == "model.state_dict" && recipe.student.prefix == "backbone")
    #expect(try isWhole(recipe) && isWhole(read(text)))
    #expect(try read(text).shared.teachers[0].key == nil && read(text).student.prefix == nil)
    let program = "{path: t.pt, classes: 3, trusted: true, input: {size: 28, mean: 0, std: 1}}"
    for (edit, words) in [
      ("teachers.0.key=''", "teachers.0.key: '' must not be empty"),
      ("student={weights: s, prefix: '', resolution: 28}", "student.prefix: '' must not be empty"),
      ("student.key=ema", "student.key: says where weights are in their file"),
      ("student.prefix=ema", "student.prefix: says where weights are in their file"),
      ("teachers=[{torchscript: \(program), key: a}]", "teachers.0.key: says where weights are"),
      ("teachers=[{torchscript: \(program), prefix: a}]", "teachers.0.prefix: says where weights"),
    ] {
      let error = #expect(throws: RecipeError.self) { try read(text, [edit]) }
      #expect(error?.description.contains(words) == true, "\(edit): \(error?.description ?? "")")
    }
  }

  @Test func optimizersReplaceEachOther() throws {
    let sgd = try read(text, ["optimizer.sgd.momentum=0.8"])
    #expect(sgd.student.optimizer == .sgd(SGDConfiguration(momentum: 0.8)))
    let adamW = try read(text + "\noptimizer: {adam: {weightDecay: 1}}", ["optimizer.adamW={}"])
    #expect(adamW.student.optimizer == .adamW(AdamWConfiguration()))
    let shampoo = try read(text, ["optimizer.shampoo.blockSize=64"])
    #expect(shampoo.student.optimizer == .shampoo(ShampooConfiguration(blockSize: 64)))
    for recipe in [sgd, adamW, shampoo] { #expect(try isWhole(recipe)) }
    for (edit, key) in [
      ("optimizer.sgd.momentum=1", "optimizer.sgd.momentum"),
      ("optimizer.shampoo.blockSize=0", "optimizer.shampoo.blockSize"),
      ("optimizer.shampoo.grafting=adagrad", "adam, sgd, none"),
      ("optimizer.adamW.epsilon=0", "optimizer.adamW.epsilon"),
      ("optimizer={adam: {}, sgd: {}}", "one optimizer"),
      ("optimizer={lion: {}}", "one optimizer"),
    ] {
      let error = #expect(throws: RecipeError.self) { try read(text, [edit]) }
      #expect(error?.description.contains(key) == true, "\(edit): \(error?.description ?? "")")
    }
  }

  @Test func timesAreInStepsEpochsOrShares() throws {
    let base = text + "\nbatchSize: 10"
    func schedule(_ edits: String...) throws -> Schedule {
      let recipe = try read(base, edits)
      #expect(try isWhole(recipe))
      return try recipe.schedule(imageCount: 1000)
    }
    #expect(try schedule() == Schedule(totalSteps: 200, warmupSteps: 1500))
    #expect(
      try schedule("schedule.warmupEpochs=0.5", "schedule.cooldownFraction=0.1")
        == Schedule(totalSteps: 200, warmupSteps: 50, cooldownSteps: 20))
    #expect(
      try schedule("schedule.warmupFraction=0.25", "schedule.images=4000", "schedule.decay=linear")
        == Schedule(totalSteps: 400, warmupSteps: 100, decay: .linear))
    // The one that is set last holds.
    #expect(
      try schedule("schedule.warmupSteps=3", "schedule.warmupEpochs=1").warmupSteps == 100)
    #expect(
      try schedule("schedule.warmupSteps=0", "schedule.decay.step={at: [0.5, 0.9], factor: 0.2}")
        == Schedule(totalSteps: 200, warmupSteps: 0, decay: .step(at: [100, 180], factor: 0.2)))
    #expect(
      try schedule("schedule.warmupSteps=0", "schedule.decay.step.at=[7, 90]")
        == Schedule(totalSteps: 200, warmupSteps: 0, decay: .step(at: [7, 90], factor: 0.1)))
    for bad in [
      "schedule.warmupFraction=1.5", "schedule.warmupSteps=-1", "schedule.decay=square",
      "schedule.decay.step.at=[0.5, 3]", "schedule.decay.step.at=[9, 3]",
      "schedule={epochs: 1, warmupSteps: 1, warmupEpochs: 1}",
    ] {
      let error = #expect(throws: RecipeError.self) { try read(base, [bad]) }
      #expect(error?.description.contains("schedule") == true, "\(bad)")
    }
  }

  @Test func banksHaveAPeriodInWholeSteps() throws {
    #expect(try read(text).shared.bank == nil)
    #expect(try RecipeFile.text(read(text)).contains("bank: null"))
    let endless = try read(text, ["bank={}"])
    #expect(endless.shared.bank == BankRecipe())
    #expect(endless.shared.bankPeriod(imageCount: 1000) == nil)
    let ten = try read(text, ["bank.epochs=10", "bank.precision=f32", "batchSize=300"])
    #expect(ten.shared.bank?.epochs == 10 && ten.shared.bank?.precision == .f32)
    for recipe in [endless, ten] { #expect(try isWhole(recipe)) }
    // 33.33, 0.33 and 2.5 steps; a half goes to the even number, as the length of a run does.
    #expect(ten.shared.bankPeriod(imageCount: 1000) == 33)
    #expect(ten.shared.bankPeriod(imageCount: 10) == 1)
    #expect(ten.shared.bankPeriod(imageCount: 75) == 2)
    for (edits, words) in [
      (["bank.epochs=0"], "bank.epochs: 0.0 must be positive"),
      (["bank.epochs=.inf"], "bank.epochs"), (["bank.epochs=many"], "bank.epochs"),
      (["bank.precision=bf16"], "bank.precision: expected one of f16, f32"),
      (["precision=f64"], "precision: expected one of auto, f32, bf16"),
      (["precision=f16"], "precision: f16 is for teachers alone: {teacher: f16}"),
      (["bank.epoch=3"], "did you mean 'epochs'"), (["bank=true"], "'bank' must be a map of keys"),
      (["bank={}", "views.policy=fix/cc"], "bank: the teachers of views.policy fix/cc"),
      (["bank={}", "teachers=[]"], "bank: keeps the teachers' logits"),
    ] {
      let error = #expect(throws: RecipeError.self) { try read(text, edits) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
  }

  @Test func presetsFillInWhatIsNotSaid() throws {
    let text = """
      preset: bit-hyperrule
      data: {train: "pets:train"}
      student: {weights: "BiT-M-R50x1.npz", model: bit-r50x1, resolution: 128}
      """
    let small = try read(text, images: 19_999)
    #expect(small.student.optimizer == .sgd(SGDConfiguration()) && small.shared.batchSize == 512)
    #expect(small.student.schedule.steps == 500 && small.student.schedule.warmupSteps == 100)
    #expect(
      small.student.schedule.decay.value.over(500) == .step(at: [200, 300, 400], factor: 0.1))
    #expect(small.shared.views.name == "same/rc" && small.shared.views.mixup == 0)
    #expect(small.student.head == .reset)
    let medium = try read(text, images: 20_000)
    #expect(medium.student.schedule.steps == 10_000 && medium.student.schedule.warmupSteps == 500)
    #expect(medium.shared.views.mixup == 0.1)
    let schedule = try medium.schedule(imageCount: 20_000)
    #expect(schedule.decay == .step(at: [3000, 6000, 9000], factor: 0.1))
    #expect(try read(text, images: 500_000).student.schedule.steps == 20_000)

    let own = try read(
      text,
      ["optimizer.adam.learningRate=0.1", "schedule.epochs=3", "views.mixup=0.5", "batchSize=64"],
      images: 100)
    #expect(own.student.optimizer == .adam(AdamConfiguration(learningRate: 0.1)))
    #expect(own.student.schedule.steps == nil && own.student.schedule.epochs == 3)
    #expect(
      own.student.schedule.warmupSteps == 100 && own.shared.views.mixup == 0.5
        && own.shared.batchSize == 64)
    // A policy brings its own mixup, and without weights there is no head to reset.
    let mixed = try read(text, ["views={policy: funmatch}"], images: 100)
    #expect(mixed.shared.views.mixup == 1)
    #expect(try read(text, ["student.weights=null"], images: 100).student.head == .keep)
    let faster = try read(text, ["optimizer.sgd.learningRate=0.03"], images: 100)
    #expect(faster.student.optimizer == .sgd(SGDConfiguration(learningRate: 0.03)))
    let cosine = try read(text, ["preset=bit-cosine"], images: 100)
    #expect(
      cosine.student.schedule.decay.name == "cosine"
        && cosine.student.optimizer.value.learningRate == 0.01)
    // What is written out needs no counting any more.
    #expect(try isWhole(small))
    let error = #expect(throws: RecipeError.self) { try read(text, ["preset=bit"]) }
    #expect(error?.description.contains("bit-hyperrule, bit-cosine") == true)
  }

  @Test(arguments: [
    ("student.head=reset", "student.head"), ("labels.alpha=2", "labels.alpha"),
    ("labels.smoothing=1", "labels.smoothing"), ("average=1", "average"),
    ("microBatchSize=0", "microBatchSize"), ("teachers.0.weight=0", "teachers.0.weight"),
    ("combine=mean", "distances, probabilities, logits"), ("checkpoints.keepEvery=0", "keepEvery"),
    ("checkpoints.at=[5, 0]", "checkpoints.at"), ("checkpoints.at=-1", "checkpoints.at"),
    ("checkpoints.best=true", "data.validation"), ("logEvery=0", "logEvery"),
    ("evaluation.trainingImages=-1", "trainingImages"),
  ])
  func valuesOutOfRangeNameTheirKey(edit: String, key: String) throws {
    let error = #expect(throws: RecipeError.self) { try read(text, [edit]) }
    #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
  }
}
