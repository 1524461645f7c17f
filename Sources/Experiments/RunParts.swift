import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews

/// Everything that a recipe names, read and put together.
struct RunParts {
  let steps: Int
  let student: ModelFile
  /// What a run that goes on must have in common with the one that began.
  let origin: [String]
  let optimizer: Adam
  let trainer: Trainer
  /// Looks at the validation images, with the first teacher beside the student.
  let validation: Evaluator?
  /// Looks at the test images likewise.
  let test: Evaluator?
  private let recipe: Recipe
  private let device: Device
  private let teachers: [ModelFile]

  init(_ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions) throws {
    recipe = file.recipe
    device = options.device
    let registry = DatasetRegistry(dataFolder: options.dataFolder)
    let training = try registry.open(recipe.data.train)
    let validationImages = try recipe.data.validation.map { try registry.open($0) }
    let testImages = try recipe.data.test.map { try registry.open($0) }
    steps = try recipe.steps(imageCount: training.count)

    let networks = try RunNetworks(
      kind, file, training: training.classNames,
      evaluated: [
        "data.validation": validationImages?.classNames ?? [],
        "data.test": testImages?.classNames ?? [],
      ])
    (student, teachers, origin) = (networks.student, networks.teachers, networks.origin)
    // Before gradients are asked for: what is moved later is another tensor.
    student.model.store.move(to: device)
    student.model.store.requireGradients()
    optimizer = Adam(student.model.store.parameters, recipe.optimizer.adam)

    let objective = Self.objective(kind, recipe, networks, device)
    let resolutions = [recipe.student.resolution] + recipe.teachers.map(\.resolution)
    let source = try BatchSource(
      training, policy: recipe.views, batchSize: recipe.batchSize,
      resolutions: kind == .distillation ? resolutions : [recipe.student.resolution],
      seed: recipe.seed)
    let step = DistillationStep(
      student: student.model, objective: objective, optimizer: optimizer,
      schedule: Schedule(
        totalSteps: steps, warmupSteps: recipe.schedule.warmupSteps, decay: recipe.schedule.decay),
      lambda: Mixup(recipe.views.mixup, seed: recipe.seed).lambda(step:),
      resolution: recipe.student.resolution, precision: recipe.precision.dtype, device: device)
    trainer = Trainer(step, source)

    let teacher = Self.subject(networks.teachers.first, recipe)
    let (batchSize, place) = (recipe.evaluation.batchSize, device)
    validation = validationImages.map {
      Evaluator($0, teacher: teacher, batchSize: batchSize, device: place)
    }
    test = testImages.map {
      Evaluator($0, teacher: teacher, batchSize: batchSize, device: place)
    }
  }

  /// What the student learns from. Freezes the teachers.
  private static func objective(
    _ kind: Run.Kind, _ recipe: Recipe, _ networks: RunNetworks, _ device: Device
  ) -> any Objective {
    switch kind {
    case .supervision: return LabelObjective(classes: networks.classes, device: device)
    case .distillation:
      let teachers = zip(networks.teachers, recipe.teachers).map { teacher, network in
        Teacher(
          teacher.model, resolution: network.resolution, precision: recipe.precision.dtype,
          device: device)
      }
      return TeacherObjective(teachers, recipe.distance)
    }
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
    let asked = teachers.map { Comparison.grouped($0.model.store.valueCount) }
    let source = asked.isEmpty ? "labels" : "a teacher of \(asked.joined(separator: " and "))"
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
    let teacher = teachers.first.map {
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
