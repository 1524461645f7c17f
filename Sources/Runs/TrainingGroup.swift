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
  private var loaded: LoadedTeachers
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
  private let options: RunOptions
  /// Where it computes.
  public let device: Device
  /// Where logits are kept; the user's cache without it.
  private let cacheFolder: String?
  /// Threads that there were before that was settled: those of evaluations on OpenVINO.
  let allThreads = Torch.threads
  /// How students and teachers share the cores, once that is settled.
  package private(set) var threads: ThreadPlan?
  /// The teachers that compute in steps, where that is on other threads than they evaluate on.
  private var copies: [Teacher]?
  private var bank: LogitBank?
  /// The teachers that compute in every step.
  private var live = LiveTeacherLogits([])
  /// The training images, once they are kept in memory if the recipe wants that.
  private var cached: (any Dataset)?

  /// - Parameters:
  ///   - path: the recipe's file, beside which weights are looked for.
  ///   - cacheFolder: where logits are kept; the user's cache without it.
  ///   - earlier: another group whose teachers, and their logits of whole images, are taken over if they are the same.
  /// - Throws: an error with one sentence on what was wrong.
  public init(
    _ kind: TrainingKind, _ recipe: SharedRecipe, path: String, _ options: RunOptions,
    cacheFolder: String? = nil, after earlier: TrainingGroup? = nil
  ) throws {
    (self.kind, self.recipe, self.options) = (kind, recipe, options)
    self.cacheFolder = cacheFolder
    device = options.device
    var datasets = try RunDatasets(recipe, options)
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
    labels = ClassCheck(recipe, datasets)
    loader = NetworkLoader(
      recipePath: path, registry: options.registry, inventsMissing: options.dryRunSteps != nil,
      device: device, batchSize: recipe.imagesAtOnce)
    let loaded =
      switch kind {
      case .supervision: LoadedTeachers()
      case .distillation:
        try similar?.loaded
          ?? TeacherLoader(
            loader: loader, recipe: recipe, device: device, chosen: options.chosen,
            cacheFolder: cacheFolder, views: Self.views(recipe, datasets)
          ).teachers(
            classes: labels.likelyCount,
            like: Self.keptComputations(
              recipe, datasets, device: device, cacheFolder: cacheFolder))
      }
    let teachers = loaded.teachers
    self.loaded = loaded
    classes = teachers.first?.classes ?? labels.training.count
    ensemble = Ensemble(recipe.combine, weights: teachers.map(\.weight))
    classNames = try labels.check(teachers, kind)
    let labelsFit = labels.trainingFits(classNames, classes: classes)

    let ensemble = ensemble
    func evaluator(_ dataset: (any Dataset)?, _ loading: LoaderOptions) -> Evaluator? {
      dataset.map {
        Evaluator(
          $0, teachers: teachers.map(\.evaluated), ensemble: ensemble,
          metrics: options.registry.metrics, batchSize: recipe.evaluationBatchSize,
          device: options.device, loading: loading)
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

  private func final(_ images: (any Dataset)?, _ loading: LoaderOptions) throws -> Evaluator? {
    guard let images else { return nil }
    let usual = Computation(engine: .auto, precision: .f32)
    let teachers =
      try computesAsEvaluate
      ? teachers
      : finalTeachers
        ?? teachers(loaded.engines.map { _ in usual }, on: allThreads)
    finalTeachers = teachers
    return Evaluator(
      images, teachers: teachers.map(\.evaluated), ensemble: ensemble,
      metrics: options.registry.metrics,
      batchSize: recipe.evaluationBatchSize, device: device, loading: loading)
  }

  /// Whether teachers compute as `funmatch evaluate` has it.
  private var computesAsEvaluate: Bool {
    let engine = device == .cpu && OpenVINO.atHand != nil ? Engine.openvino : .libtorch
    return loaded.engines.allSatisfy { $0 == .init(engine: engine, precision: .f32) }
  }

  /// Views such as teachers are shown in a run's first steps, unmixed: (count, 3, resolution, resolution), f32 in [-1, 1].
  private static func views(
    _ recipe: SharedRecipe, _ datasets: RunDatasets
  ) -> (_ resolution: Int, _ count: Int) throws -> Tensor {
    { resolution, count in
      let size = max(1, min(count, recipe.batchSize))
      let batches = (count + size - 1) / size
      let parts: [Tensor]
      if recipe.views.teacher.isFixed {
        let source = FixedViewSource(
          datasets.training, policy: recipe.views, from: 0,
          batchSize: max(1, min(datasets.trainingCount, count)), student: recipe.resolution,
          teachers: [resolution], seed: recipe.seed, options: datasets.loading)
        parts =
          try source.batch(0).pixels[resolution].map { [Batch.scaled($0, device: .cpu)] } ?? []
      } else {
        let source = try BatchSource(
          datasets.training, policy: recipe.views, batchSize: size, student: recipe.resolution,
          teachers: [resolution], seed: recipe.seed, steps: batches, mixture: datasets.mixture,
          options: datasets.loading)
        parts = try (0..<batches).compactMap { step in
          Batch(try source.batch(step), lambda: 1, device: .cpu).teacher[resolution]
        }
      }
      let all = Tensor.concatenated(parts)
      // Few images are shown again.
      let places = (0..<count).map { Int64($0 % all.shape[0]) }
      return all.selecting(Tensor(places)).channelsLast
    }
  }

  /// What computed logits of a recipe's views that are kept, if not these teachers: nobody wants to compute them again.
  private static func keptComputations(
    _ recipe: SharedRecipe, _ datasets: RunDatasets, device: Device, cacheFolder: String?
  ) -> (_ teachers: [Teacher]) throws -> [Computation]? {
    { teachers in
      let folder = cacheFolder ?? CacheFolder.user
      if recipe.views.teacher.isFixed {
        let images = try datasets.fingerprint()
        let kept = try teachers.indices.map { place in
          try BankIdentity.targets(
            of: place, recipe, images: images, teachers: teachers, device: device
          ).kept(in: folder + "/targets", count: 1)?.first
        }
        return kept.contains { $0 != nil }
          ? zip(kept, teachers).map { $0 ?? $1.computation } : nil
      }
      guard recipe.bank != nil else { return nil }
      return try BankIdentity.batches(
        recipe, images: datasets.fingerprint(), teachers: teachers, device: device
      ).kept(in: folder + "/banks", count: teachers.count)
    }
  }

  /// What each teacher computes with.
  var teacherEngines: [Computation] { loaded.engines }

  /// What calibration found of those in int8, by the checksums of their ranges.
  var calibrations: [String: Int8Network.Findings] { loaded.calibrations }

  /// What is to be said of that: what was measured, and why libtorch computes where OpenVINO might.
  var remarks: [String] { Set(loaded.remarks).sorted() }

  /// What a student of this shape computes fastest in, and why.
  func measuredPrecision(_ spec: ModelSpec) throws -> (precision: Precision, words: String) {
    let timer = EngineTimer(
      device: device, resolution: recipe.resolution, count: recipe.imagesAtOnce,
      limit: EngineTimer.studentLimit, cacheFolder: cacheFolder)
    let choice = try timer.student(spec)
    return (choice.way.precision, choice.words)
  }

  /// Settles how students and teachers share the cores: as the user says, as the run began, or as is fastest at this hour
  /// for a student like this one.
  ///
  /// - Returns: what was measured.
  /// - Throws: what loading the teachers again throws.
  func settleThreads(_ spec: ModelSpec, _ precision: Precision) throws -> String? {
    guard threads == nil else { return nil }
    var (plan, words) = (ThreadPlan(student: Torch.threads), String?.none)
    if let count = options.threads {
      plan = ThreadPlan(student: count)
    } else if let begun = options.threadPlan ?? options.chosen.map({ $0.threads ?? plan }) {
      plan = begun
      if isLive, plan.teachers != Torch.threads { copies = try teachers(on: plan.teachers) }
    } else if device == .cpu, options.dryRunSteps == nil, Torch.threads > 1 {
      let timer = try ThreadTimer(
        spec, resolution: recipe.resolution, precision: precision.dtype ?? .f32,
        count: recipe.imagesAtOnce, teachers: isLive ? teachers.map(\.resolution) : [])
      let found = try timer.plan(isLive ? teachers : [], isEven: !hasOwnThreads) { threads in
        canBeAhead ? try teachers(on: threads) : nil
      }
      (plan, words) = (found.plan, found.words)
      if isLive { copies = found.teachers }
    }
    threads = plan
    Torch.threads = plan.student
    return words
  }

  /// Whether teachers compute in every step.
  private var isLive: Bool { recipe.bank == nil && !recipe.views.teacher.isFixed }

  /// The parts of a batch are not kept for teachers that are ahead, and many students keep the cores busy.
  private var canBeAhead: Bool {
    isLive && !options.isStudy && recipe.microBatchSize == nil
  }

  /// libtorch has one number of threads for the whole process.
  private var hasOwnThreads: Bool { loaded.engines.allSatisfy { $0.engine == .openvino } }

  /// The teachers, those that are compiled for so many threads.
  private func teachers(on threads: Int) throws -> [Teacher] {
    let isCompiled = loaded.engines.contains { $0.engine == .openvino }
    return isCompiled ? try teachers(loaded.engines, on: threads) : teachers
  }

  private func teachers(_ engines: [Computation], on threads: Int) throws -> [Teacher] {
    let chosen = EngineChoice(
      teachers: engines, student: .f32, calibrations: loaded.calibrations)
    let loader = TeacherLoader(
      loader: loader, recipe: recipe, device: device, chosen: chosen, cacheFolder: cacheFolder,
      views: Self.views(recipe, datasets))
    return try Torch.withThreads(threads) { try loader.teachers(classes: classes).teachers }
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
    let dataset = try cached ?? datasets.cachedTraining(log)
    cached = dataset
    live = LiveTeacherLogits(copies ?? teachers)
    var logits: any TeacherLogits = live
    var excluded: Set<Int> = []
    if kind == .distillation, recipe.views.teacher.isFixed {
      let plan = FixedTargetsPlan(recipe, teachers, device: device, folder: cacheFolder)
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
    var isDrawn = true
    if let plan {
      // Closed before it is opened again: only one at a time records.
      try synchronize()
      self.bank = nil
      let bank = try plan.open(steps: steps)
      self.bank = bank
      if let note = bank.note {
        log.log(level: bank.isForeign ? .warning : .info, "bank: \(note)")
      }
      for line in plan.describe(bank, steps: steps) { log.info("bank: \(line)") }
      if first > bank.steps, plan.period == nil {
        log.warning(
          "bank: it ends at step \(bank.steps), before the next step \(first): nothing is recorded")
      }
      logits = BankedTeacherLogits(bank, live, period: plan.period, device: device)
      isDrawn = bank.steps < plan.wanted(steps: steps)
    }
    let period = plan?.period
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: recipe.batchSize, student: recipe.resolution,
      teachers: teachers.map(\.resolution), drawsTeachers: isDrawn, seed: recipe.seed,
      steps: steps, period: period, mixture: datasets.mixture, excluding: excluded,
      options: datasets.loading)
    let mixup = Mixup(recipe.views.mixup, seed: recipe.seed)
    let lambda: @Sendable (Int) -> Double = { step in
      mixup.lambda(step: period.map { step % $0 } ?? step)
    }
    if canBeAhead, threads?.isAhead == true {
      logits = TeachersAhead(live, steps: steps) { [device] step in
        Batch(try source.batch(step), lambda: lambda(step), device: device)
      }
    }
    var step = DistillationStep(
      logits, lambda: lambda, resolution: recipe.resolution, device: device)
    step.microBatchSize = recipe.microBatchSize
    return Trainer(step, source)
  }
}
