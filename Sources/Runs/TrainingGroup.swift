import FunMatchBanks
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch
import FunMatchViews
import Logging

/// What students that train side by side have in common: images, views and teachers. A run has one
/// student, a study has many.
public final class TrainingGroup {
  let kind: TrainingKind
  let recipe: SharedRecipe
  let datasets: RunDatasets
  /// The teachers, ready; none in supervised training.
  public var teachers: [Teacher] { loaded.teachers }
  let loaded: LoadedTeachers
  /// How several count.
  let ensemble: Ensemble
  /// Number of classes: the teachers', or those of the labels.
  let classes: Int
  /// Names of the classes; empty where nobody knows them.
  let classNames: [String]
  let labels: ClassCheck
  /// Reads networks.
  let loader: NetworkLoader
  /// Shows students some of the training images, and the validation images; `nil` where there are none. Teachers are
  /// shown each once, for all students.
  let slice: Evaluator?
  let validation: Evaluator?
  private var (finalValidation, test): (Evaluator?, Evaluator?)
  private var finalTeachers: [Teacher]?
  let options: RunOptions
  /// Where it computes.
  public let device: Device
  /// Where logits are kept; the user's cache without it.
  let cacheFolder: String?
  /// Most images that networks are given at a time.
  let imagesAtOnce: Int
  /// Threads that there were before that was settled: those of evaluations on OpenVINO.
  let allThreads = Torch.threads
  /// How students and teachers share the cores, once that is settled.
  package internal(set) var threads: ThreadPlan?
  /// The teachers that compute in steps, where that is on other threads than they evaluate on.
  var copies: [Teacher]?
  /// What they are trained and measured on.
  private(set) lazy var dataIdentity = DataIdentity(datasets)
  private var bank: LogitBank?
  /// The teachers that compute in every step.
  private var live = LiveTeacherLogits([])
  /// The training images, once they are kept in memory if the recipe wants that.
  private var cached: (any Dataset)?

  /// - Parameters:
  ///   - path: the recipe's file, beside which weights are looked for.
  ///   - cacheFolder: where logits are kept; the user's cache without it.
  ///   - earlier: another group whose teachers, and their logits of whole images, are taken over if they are the same.
  ///   - students: those that are going to learn, for which there has to be memory, one at a time.
  /// - Throws: an error with one sentence on what was wrong.
  public init(
    _ kind: TrainingKind, _ recipe: SharedRecipe, path: String, _ options: RunOptions,
    cacheFolder: String? = nil, after earlier: TrainingGroup? = nil,
    checking students: [StudentRecipe] = []
  ) throws {
    (self.kind, self.recipe, self.options) = (kind, recipe, options)
    self.cacheFolder = cacheFolder
    device = options.device
    var datasets = try RunDatasets(recipe, path: path, options)
    let similar = earlier.flatMap { other in
      let isChosen = options.chosen.map { $0.teachers == other.teacherEngines } ?? true
      return isChosen && other.serves(kind, recipe, path: path) ? other : nil
    }
    let alike = similar.flatMap { $0.recipe.isEvaluated(like: recipe) ? $0 : nil }
    if let alike {
      // They know which images are broken.
      datasets.validationLoading = alike.datasets.validationLoading
      datasets.testLoading = alike.datasets.testLoading
    }
    self.datasets = datasets
    if options.group != nil {
      try options.checkSame(
        "program", RunEnvironment.program(on: device), difference: { "\($1) for \($0)" })
      try options.checkSame("training images", datasets.fingerprint().joined(separator: ", "))
    }
    labels = ClassCheck(recipe, datasets)
    imagesAtOnce = try Self.imagesAtOnce(recipe, options.group)
    loader = NetworkLoader(
      recipePath: path, registry: options.registry, inventsMissing: options.dryRunSteps != nil,
      device: device, batchSize: imagesAtOnce)
    try Self.check(students, kind, recipe, loader, datasets, labels, options)
    let loaded =
      try similar?.loaded
      ?? (kind == .supervision
        ? LoadedTeachers()
        : Self.teachers(loader, recipe, datasets, labels, options, cacheFolder: cacheFolder))
    let teachers = loaded.teachers
    self.loaded = loaded
    classes = teachers.first?.classes ?? labels.training.count
    ensemble = Ensemble(recipe.combine, weights: teachers.map(\.weight))
    classNames = try labels.check(teachers, kind)
    let labelsFit = labels.trainingFits(classNames, classes: classes)

    let ensemble = ensemble
    let classNames = classNames
    func evaluator(_ dataset: (any Dataset)?, _ loading: LoaderOptions) -> Evaluator? {
      dataset.map {
        Evaluator(
          ClassNames.fitted($0, to: classNames).dataset, teachers: teachers.map(\.evaluated),
          ensemble: ensemble,
          metrics: options.registry.metrics, batchSize: recipe.evaluationBatchSize,
          device: options.device, loading: loading, group: options.group)
      }
    }
    slice = evaluator(
      labelsFit ? datasets.trainingSlice : datasets.trainingSlice.map { UnlabelledDataset($0) },
      datasets.sliceLoading)
    validation = alike?.validation ?? evaluator(datasets.validation, datasets.validationLoading)
    (finalValidation, test) = (alike?.finalValidation, alike?.test)
    finalTeachers = similar?.finalTeachers
  }

  /// Shows finished students the test images, with teachers that compute as `funmatch evaluate` has it: in f32, on whatever
  /// engine is at hand. `nil` where there are none.
  ///
  /// - Throws: an error naming the file of a teacher that is no longer there.
  func finalTest() throws -> Evaluator? {
    test = try test ?? final(datasets.test, datasets.testLoading)
    return test
  }

  /// The same of the validation images.
  ///
  /// - Throws: an error naming the file of a teacher that is no longer there.
  func lastValidation() throws -> Evaluator? {
    if computesAsEvaluate { return validation }
    finalValidation =
      try finalValidation ?? final(datasets.validation, datasets.validationLoading)
    return finalValidation
  }

  /// The same of other images.
  func final(_ images: (any Dataset)?, _ loading: LoaderOptions) throws -> Evaluator? {
    guard let images else { return nil }
    let usual = Computation(engine: .auto, precision: .f32)
    let teachers =
      try computesAsEvaluate
      ? teachers
      : finalTeachers
        ?? teachers(loaded.engines.map { _ in usual }, on: allThreads)
    finalTeachers = teachers
    return Evaluator(
      ClassNames.fitted(images, to: classNames).dataset, teachers: teachers.map(\.evaluated),
      ensemble: ensemble,
      metrics: options.registry.metrics,
      batchSize: recipe.evaluationBatchSize, device: device, loading: loading,
      group: options.group)
  }

  /// Gives up the teachers of last evaluations until they are wanted again.
  func forgetFinalTeachers() { finalTeachers = nil }

  /// Whether teachers compute as `funmatch evaluate` has it.
  private var computesAsEvaluate: Bool {
    let engine = device == .cpu && OpenVINO.atHand != nil ? Engine.openvino : .libtorch
    return loaded.engines.allSatisfy { $0 == .init(engine: engine, precision: .f32) }
  }

  /// What each teacher computes with.
  var teacherEngines: [Computation] { loaded.engines }

  /// What calibration found of those in int8, by the checksums of their ranges.
  var calibrations: [String: Int8Network.Findings] { loaded.calibrations }

  /// What is to be said of that: what was measured, and why libtorch computes where OpenVINO might; and of the images.
  var remarks: [String] {
    let fitting = [("data.validation", datasets.validation), ("data.test", datasets.test)]
      .flatMap { key, images in
        images.map { ClassNames.fitted($0, to: classNames).remarks.map { "\(key): \($0)" } } ?? []
      }
    return Set(loaded.remarks).sorted() + datasets.remarks + fitting
  }

  /// What a student of this shape computes fastest in, and why.
  func measuredPrecision(_ spec: ModelSpec) throws -> (precision: Precision, words: String) {
    let timer = EngineTimer(
      device: device, resolution: recipe.resolution, count: imagesAtOnce,
      limit: EngineTimer.studentLimit * options.measuringShare, cacheFolder: cacheFolder)
    let choice = try timer.student(spec)
    return (choice.way.precision, choice.words)
  }

  /// Makes sure that recorded logits are on the disk.
  ///
  /// - Throws: `FileError` when they cannot be written.
  func synchronize() throws { try bank?.synchronize() }

  /// Views that the teachers computed logits of in training.
  public var teacherViews: Int { live.viewCount }

  /// Says how many views the teachers computed logits of.
  public func reportViews(to log: Logger) {
    guard teacherViews > 0 else { return }
    log.info("teachers computed logits of \(NumberText.grouped(teacherViews)) views")
  }

  /// Warns of broken images that were skipped since the last call.
  ///
  /// - Parameter before: called first if there are any.
  public func reportBrokenImages(to log: Logger, before: () -> Void = {}) {
    datasets.report(to: log, before: before)
  }

  /// Whether the teachers are those of another recipe, too.
  public func serves(_ kind: TrainingKind, _ recipe: SharedRecipe, path: String) -> Bool {
    self.kind == kind && loader.recipePath == path && self.recipe.hasTeachers(of: recipe)
  }

  /// The work of all teachers on an image.
  var teacherCost: RunResult.Cost {
    func sum(_ values: [Int?]) -> Int? {
      let known = values.compactMap { $0 }
      return known.count == values.count ? known.reduce(0, +) : nil
    }
    return RunResult.Cost(
      parameters: sum(teachers.map(\.network.parameterCount)),
      macs: sum(teachers.map(\.multiplyAccumulates)))
  }

  /// What makes the updates. Fills the cache that the recipe wants, and computes logits of fixed views first.
  ///
  /// - Parameters:
  ///   - first: the first one to make.
  ///   - steps: how many there are in all.
  /// - Returns: `nil` when the user wants to stop before that is done.
  public func trainer(
    from first: Int = 0, steps: Int, _ log: Logger, shouldStop: () -> Bool
  ) throws -> Trainer? {
    let dataset =
      try cached ?? ClassNames.fitted(datasets.cachedTraining(log), to: classNames).dataset
    cached = dataset
    live = LiveTeacherLogits(copies ?? teachers)
    var logits: any TeacherLogits = live
    var excluded: Set<Int> = []
    if kind == .distillation, recipe.views.teacher.isFixed {
      let plan = FixedTargetsPlan(
        recipe, teachers, device: device, folder: cacheFolder, group: options.group)
      guard
        let targets = try plan.targets(
          dataset, fingerprint: datasets.fingerprint(), datasets.loading, log,
          shouldStop: shouldStop)
      else { return nil }
      excluded = targets.reduce([]) { $0.union($1.missing) }
      logits = FixedTeacherLogits(targets, device: device)
    }
    let plan = try LogitBankPlan(
      recipe, imageCount: datasets.trainingCount, teachers: teachers,
      identity: {
        try BankIdentity.batches(
          recipe, images: datasets.fingerprint(), teachers: teachers, device: device)
      }, folder: cacheFolder)
    let parts = DistillationStep.parts(of: recipe.batchSize, recipe.microBatchSize)
    var isDrawn = true
    if let plan {
      // Closed before it is opened again: only one at a time records.
      try synchronize()
      self.bank = nil
      // The first process opens it before the others read what is there.
      let isFollowing = options.group.map { !$0.isFirst } ?? false
      if isFollowing { _ = try options.shared { true } }
      let writers = BankWriters(
        processes: options.group?.size ?? 1, threads: threads?.teachers ?? Torch.threads)
      let bank = try plan.open(steps: steps, writers: writers, isFollowing: isFollowing)
      if !isFollowing { _ = try options.shared { true } }
      self.bank = bank
      if let note = bank.note {
        log.log(level: bank.noteIsWarning ? .warning : .info, "bank: \(note)")
      }
      for line in plan.describe(bank, steps: steps) { log.info("bank: \(line)") }
      if first > bank.steps, plan.period == nil {
        log.warning(
          "bank: it ends at step \(bank.steps), before the next step \(first): nothing is recorded")
      }
      logits = try BankedTeacherLogits(
        bank, live, period: plan.period, device: device, group: options.group.map { ($0, parts) })
      isDrawn = bank.steps < plan.wanted(steps: steps)
    }
    let period = plan?.period
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: recipe.batchSize, student: recipe.resolution,
      teachers: teachers.map(\.resolution), drawsTeachers: isDrawn, seed: recipe.seed,
      steps: steps, period: period, mixture: datasets.mixture, excluding: excluded,
      rows: options.group.map { Self.rows(of: parts, recipe, $0) }, options: datasets.loading)
    let mixup = Mixup(recipe.views.mixup, seed: recipe.seed)
    let lambda: @Sendable (Int) -> Double = { step in
      mixup.lambda(step: period.map { step % $0 } ?? step)
    }
    if canBeAhead, threads?.isAhead == true {
      let rows = options.group?.share(of: parts[0]) ?? parts[0]
      logits = TeachersAhead(live, steps: steps) { [device] step in
        Batch(try source.batch(step), rows: rows, lambda: lambda(step), device: device)
      }
    }
    var step = DistillationStep(
      logits, lambda: lambda, resolution: recipe.resolution, device: device)
    step.microBatchSize = recipe.microBatchSize
    step.group = options.group
    return Trainer(step, source)
  }

  /// The rows of every batch that this process draws: its shares of the parts, and what they are mixed with.
  private static func rows(
    of parts: [Range<Int>], _ recipe: SharedRecipe, _ group: ProcessGroup
  ) -> [Int] {
    let own = parts.flatMap { group.share(of: $0) }
    guard recipe.views.mixup > 0 else { return own }
    return Set(own + own.map { Mixup.partner(of: $0, count: recipe.batchSize) }).sorted()
  }
}
