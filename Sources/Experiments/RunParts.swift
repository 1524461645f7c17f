import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews
import Logging

/// Everything that a recipe names, read and put together.
struct RunParts {
  let steps: Int
  let student: ModelFile
  /// What a run that goes on must have in common with the one that began.
  let origin: [String]
  let optimizer: Adam
  let images: RunImages
  /// Looks at the validation images, with the first teacher beside the student.
  let validation: Evaluator?
  /// Looks at the test images likewise.
  let test: Evaluator?
  private let kind: Run.Kind
  private let recipe: Recipe
  private let device: Device
  private let networks: RunNetworks
  private let asked: [Teacher]

  init(_ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions) throws {
    self.kind = kind
    recipe = file.recipe
    device = options.device
    images = try RunImages(recipe, options)
    steps = try recipe.steps(imageCount: images.training.count)

    networks = try RunNetworks(kind, file, images)
    (student, origin) = (networks.student, networks.origin)
    // Before gradients are asked for: what is moved later is another tensor.
    student.model.store.move(to: device)
    student.model.store.requireGradients()
    optimizer = Adam(student.model.store.parameters, recipe.optimizer.adam)

    // Before anybody asks them: freezing changes what the model computes in.
    asked = zip(networks.teachers, recipe.teachers).map { teacher, network in
      Teacher(
        teacher.model, resolution: network.resolution, precision: file.recipe.precision.dtype,
        device: options.device)
    }
    let teacher = Self.subject(networks.teachers.first, recipe)
    let (batchSize, place) = (recipe.evaluation.batchSize, device)
    func evaluator(_ dataset: any Dataset, _ loading: LoaderOptions) -> Evaluator {
      Evaluator(dataset, teacher: teacher, batchSize: batchSize, device: place, loading: loading)
    }
    let loading = (images.validationLoading, images.testLoading)
    validation = images.validation.map { evaluator($0, loading.0) }
    test = images.test.map { evaluator($0, loading.1) }
  }

  /// What makes the updates. Fills the cache that the recipe wants, and asks fixed teachers first.
  ///
  /// - Returns: `nil` when the user wants to stop before that is done.
  func trainer(_ log: Logger, shouldStop: () -> Bool) throws -> Trainer? {
    let dataset = try images.cachedTraining(log)
    let objective: any Objective
    var excluded: Set<Int> = []
    switch kind {
    case .supervision: objective = LabelObjective(classes: networks.classes, device: device)
    case .distillation where recipe.views.teacher.isFixed:
      let ask = RunTargets(recipe: recipe, images: images, networks: networks, device: device)
      guard let targets = try ask(asked, dataset, log, shouldStop: shouldStop) else {
        return nil
      }
      excluded = targets.reduce([]) { $0.union($1.missing) }
      objective = FixedObjective(targets, recipe.distance, device: device)
    case .distillation: objective = TeacherObjective(asked, recipe.distance)
    }
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: recipe.batchSize,
      student: recipe.student.resolution, teachers: asked.map(\.resolution), seed: recipe.seed,
      steps: steps, excluding: excluded, options: images.loading)
    let step = DistillationStep(
      student: student.model, objective: objective, optimizer: optimizer,
      schedule: Schedule(
        totalSteps: steps, warmupSteps: recipe.schedule.warmupSteps, decay: recipe.schedule.decay),
      lambda: Mixup(recipe.views.mixup, seed: recipe.seed).lambda(step:),
      resolution: recipe.student.resolution, precision: recipe.precision.dtype, device: device)
    return Trainer(step, source)
  }

  /// The first teacher as it is evaluated.
  private static func subject(_ teacher: ModelFile?, _ recipe: Recipe) -> Evaluator.Subject? {
    teacher.map {
      Evaluator.Subject(
        $0.model, preprocessing(of: $0, recipe), precision: recipe.precision.dtype)
    }
  }

  private static func preprocessing(of teacher: ModelFile, _ recipe: Recipe) -> Preprocessing {
    let resolution = recipe.teachers.first?.resolution ?? recipe.student.resolution
    // At the size that it teaches at, whatever else its file may say.
    if let own = teacher.preprocessing, own.crop == resolution { return own }
    return Preprocessing(resize: Recipe.usualResize(resolution), crop: resolution)
  }

  /// One line on what is about to happen.
  var summary: String {
    let size = Comparison.grouped(student.model.store.valueCount)
    let sizes = networks.teachers.map { Comparison.grouped($0.model.store.valueCount) }
    let source = sizes.isEmpty ? "labels" : "a teacher of \(sizes.joined(separator: " and "))"
    return "\(steps) steps of \(recipe.batchSize) images; a student of \(size) parameters learns "
      + "from \(source); \(device), \(Torch.threads) threads, \(recipe.precision.rawValue)"
  }

  /// The student as it is now, beside its teacher if it has one.
  func evaluate(_ evaluator: Evaluator) throws -> Evaluation {
    try evaluator(
      Evaluator.Subject(
        student.model, recipe.studentPreprocessing, precision: recipe.precision.dtype))
  }

  /// The same with what is known of both networks.
  func compare(_ evaluator: Evaluator) throws -> Comparison {
    let evaluation = try evaluate(evaluator)
    let teacher = networks.teachers.first.map {
      Contestant(
        $0.model, Self.preprocessing(of: $0, recipe), top1: evaluation.teacherTop1,
        imagesPerSecond: evaluation.teacherImagesPerSecond ?? 0)
    }
    let contestant = Contestant(
      student.model, recipe.studentPreprocessing, top1: evaluation.top1,
      imagesPerSecond: evaluation.imagesPerSecond)
    return Comparison(evaluation, student: contestant, teacher: teacher)
  }

  /// An evaluation as words for a log.
  static func words(_ evaluation: Evaluation) -> String {
    [
      evaluation.top1.map { "top-1 " + ProgressLine.fixed($0, 4) },
      evaluation.agreement.map { "agreement " + ProgressLine.fixed($0, 4) },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
