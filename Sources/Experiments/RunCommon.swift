import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchTorch
import FunMatchViews
import Logging

/// What students that learn side by side have in common: images, views and teachers. A run has one
/// student, a study has many.
final class RunCommon {
  let kind: Run.Kind
  let images: RunImages
  let teachers: RunTeachers
  let labels: RunLabels
  /// Reads their networks.
  let loader: NetworkLoader
  /// Shows students some of the training images, the validation images and the test images; `nil`
  /// where there are none. Teachers are asked about each once, for all students.
  let slice: Evaluator?
  let validation: Evaluator?
  let test: Evaluator?
  let device: Device
  /// The recipe of any of the students, of which only what they have in common is used.
  private let recipe: Recipe
  /// Where what teachers say is kept.
  private let cacheFolder: String
  private var bank: LogitBank?
  /// The teachers that are asked in every step, and how often they were.
  private(set) var live = LiveTeachers([])
  /// The training images, once they are kept in memory if the recipe wants that.
  private var cached: (any Dataset)?

  /// - Parameters:
  ///   - cacheFolder: where what teachers say is kept; the user's cache without it.
  ///   - earlier: others whose teachers, and what these say of whole images, are taken over if they are
  ///     the same.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions, cacheFolder: String? = nil,
    after earlier: RunCommon? = nil
  ) throws {
    self.kind = kind
    self.cacheFolder = cacheFolder ?? RunTargets.userFolder
    let recipe = file.recipe
    self.recipe = recipe
    device = options.device
    var images = try RunImages(recipe, options)
    let similar = earlier.flatMap { $0.serves(kind, file) ? $0 : nil }
    let alike = similar.flatMap { $0.recipe.isEvaluated(like: recipe) ? $0 : nil }
    if let alike {
      // They know which images are broken.
      images.validationLoading = alike.images.validationLoading
      images.testLoading = alike.images.testLoading
    }
    self.images = images
    labels = RunLabels(recipe, images)
    loader = NetworkLoader(
      recipePath: file.path, inventsMissing: options.dryRunSteps != nil, device: device,
      batchSize: recipe.microBatchSize ?? recipe.batchSize)
    // Those of supervised students are none, but their classes are those of the labels.
    let teachers =
      try (kind == .supervision ? nil : similar?.teachers)
      ?? RunTeachers(kind, file, labels, loader, device: device)
    self.teachers = teachers
    let learnt = try labels.check(teachers.loaded, kind)
    let labelsFit = labels.trainingFits(learnt, classes: teachers.classes)

    func evaluator(_ dataset: (any Dataset)?, _ loading: LoaderOptions) -> Evaluator? {
      dataset.map {
        Evaluator(
          $0,
          teachers: teachers.evaluated.map {
            Evaluator.Subject($0.network, $0.preprocessing, precision: recipe.precision.dtype)
          }, ensemble: teachers.ensemble, batchSize: recipe.evaluation.batchSize,
          device: options.device, loading: loading)
      }
    }
    slice = evaluator(
      labelsFit ? images.trainingSlice : images.trainingSlice.map { UnlabelledDataset($0) },
      images.sliceLoading)
    validation = alike?.validation ?? evaluator(images.validation, images.validationLoading)
    test = alike?.test ?? evaluator(images.test, images.testLoading)
  }

  /// Makes sure that what teachers said is on the disk.
  ///
  /// - Throws: `TrainingError` when it cannot be written.
  func synchronize() throws { try bank?.synchronize() }

  /// Says how often the teachers were asked.
  func tellViews(_ log: Logger) {
    guard live.viewsAsked > 0 else { return }
    log.info("teachers were asked about \(Comparison.grouped(live.viewsAsked)) views")
  }

  /// Whether the teachers are those of another recipe, too.
  func serves(_ kind: Run.Kind, _ file: RecipeFile) -> Bool {
    self.kind == kind && loader.recipePath == file.path && recipe.hasTeachers(of: file.recipe)
  }

  /// What makes the updates. Fills the cache that the recipe wants, and asks fixed teachers first.
  ///
  /// - Parameters:
  ///   - first: the first one to make.
  ///   - steps: how many there are in all.
  /// - Returns: `nil` when the user wants to stop before that is done.
  func trainer(from first: Int = 0, steps: Int, _ log: Logger, shouldStop: () -> Bool) throws
    -> Trainer?
  {
    let dataset = try cached ?? images.cachedTraining(log)
    cached = dataset
    live = LiveTeachers(teachers.asked)
    var asked: any FunMatchDistillation.Teachers = live
    var excluded: Set<Int> = []
    if kind == .distillation, recipe.views.teacher.isFixed {
      let ask = RunTargets(
        recipe: recipe, images: images, teachers: teachers, device: device,
        folder: cacheFolder + "/targets")
      guard let targets = try ask(dataset, log, shouldStop: shouldStop) else { return nil }
      excluded = targets.reduce([]) { $0.union($1.missing) }
      asked = FixedTeachers(targets, device: device)
    }
    let store = RunBank(recipe, images, teachers, device: device, folder: cacheFolder + "/banks")
    let period = store?.period
    var isDrawn = true
    if let store {
      // Closed before it is opened again: only one at a time records.
      try synchronize()
      self.bank = nil
      let bank = try store.open(steps: steps)
      self.bank = bank
      for line in store.describe(bank, steps: steps) { log.info("bank: \(line)") }
      if first > bank.steps, period == nil {
        log.warning(
          "bank: it ends at step \(bank.steps), before the next step \(first): nothing is recorded")
      }
      asked = BankedTeachers(bank, asking: live, period: period, device: device)
      isDrawn = bank.steps < store.wanted(steps: steps)
    }
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: recipe.batchSize,
      student: recipe.student.resolution, teachers: teachers.asked.map(\.resolution),
      drawsTeachers: isDrawn, seed: recipe.seed, steps: steps, period: period,
      mixture: images.mixture, excluding: excluded, options: images.loading)
    let mixup = Mixup(recipe.views.mixup, seed: recipe.seed)
    var step = DistillationStep(
      asking: asked, lambda: { step in mixup.lambda(step: period.map { step % $0 } ?? step) },
      resolution: recipe.student.resolution, device: device)
    step.microBatchSize = recipe.microBatchSize
    return Trainer(step, source)
  }
}
