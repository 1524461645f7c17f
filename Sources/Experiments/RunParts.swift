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
  let optimizer: Adam
  let trainer: Trainer
  let validation: (any Dataset)?
  let test: (any Dataset)?
  private let recipe: Recipe
  private let device: Device
  private let teachers: [ModelFile]

  init(_ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions) throws {
    recipe = file.recipe
    device = options.device
    let registry = DatasetRegistry(dataFolder: options.dataFolder)
    let training = try registry.open(recipe.data.train)
    validation = try recipe.data.validation.map { try registry.open($0) }
    test = try recipe.data.test.map { try registry.open($0) }
    steps = try recipe.steps(imageCount: training.count)

    let loader = NetworkLoader(recipePath: file.path)
    switch kind {
    case .distillation:
      guard !recipe.teachers.isEmpty else {
        throw ExperimentError(
          "\(file.path): distillation needs at least one entry under 'teachers'; "
            + "`funmatch train` learns from labels")
      }
      teachers = try recipe.teachers.enumerated().map { index, network in
        try loader.load(network, weights: network.weights ?? "", key: "teachers.\(index)")
      }
    case .supervision: teachers = []
    }
    let classes = teachers.first?.model.classes ?? training.classNames.count
    guard classes > 0, teachers.allSatisfy({ $0.model.classes == classes }) else {
      throw ExperimentError(
        teachers.isEmpty
          ? "\(recipe.data.train) has no labels; training needs them"
          : "the teachers tell different numbers of classes apart")
    }
    let network = try loader.student(recipe.student, classes: classes, seed: recipe.seed)
    let names = [training.classNames, teachers.first?.classNames ?? []]
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: names.first { $0.count == classes } ?? [],
      preprocessing: recipe.studentPreprocessing)
    student.model.store.move(to: device)
    student.model.store.requireGradients()

    let (precision, device) = (recipe.precision.dtype, options.device)
    let objective: any Objective
    switch kind {
    case .distillation:
      let frozen = zip(teachers, recipe.teachers).map { teacher, network in
        Teacher(
          teacher.model, resolution: network.resolution, precision: precision, device: device)
      }
      objective = TeacherObjective(frozen, recipe.distance)
    case .supervision: objective = LabelObjective(classes: classes, device: device)
    }
    optimizer = Adam(student.model.store.parameters, recipe.optimizer.adam)
    let resolutions = [recipe.student.resolution] + recipe.teachers.map(\.resolution)
    let source = try BatchSource(
      training, policy: recipe.views, batchSize: recipe.batchSize,
      resolutions: kind == .distillation ? resolutions : [recipe.student.resolution],
      seed: recipe.seed)
    trainer = Trainer(
      DistillationStep(
        student: student.model, objective: objective, optimizer: optimizer,
        schedule: Schedule(
          totalSteps: steps, warmupSteps: recipe.schedule.warmupSteps, decay: recipe.schedule.decay),
        lambda: Mixup(recipe.views.mixup, seed: recipe.seed).lambda(step:),
        resolution: recipe.student.resolution,
        precision: precision, device: device),
      source)
  }

  /// One line on what is about to happen.
  var summary: String {
    let size = Comparison.grouped(student.model.store.valueCount)
    let asked = teachers.map { Comparison.grouped($0.model.store.valueCount) }
    let teacher = asked.isEmpty ? "labels" : "teachers of \(asked.joined(separator: ", "))"
    return "\(steps) steps of \(recipe.batchSize) images; a student of \(size) parameters, "
      + "\(teacher); \(device), \(Torch.threads) threads, \(recipe.precision.rawValue)"
  }

  private var subject: Evaluator.Subject {
    Evaluator.Subject(
      student.model, recipe.studentPreprocessing, precision: recipe.precision.dtype)
  }

  /// The first teacher with its own preprocessing.
  private func teacherSubject() -> (Evaluator.Subject, ModelFile, Preprocessing)? {
    guard let teacher = teachers.first, let network = recipe.teachers.first else { return nil }
    let preprocessing =
      teacher.preprocessing
      ?? Preprocessing(
        resize: Recipe.usualResize(network.resolution), crop: network.resolution)
    return (
      Evaluator.Subject(teacher.model, preprocessing, precision: recipe.precision.dtype), teacher,
      preprocessing
    )
  }

  /// The student, beside its teacher if it has one, on these images.
  func evaluate(_ dataset: any Dataset) throws -> Evaluation {
    try Evaluator(dataset, batchSize: recipe.evaluation.batchSize, device: device)(
      subject, teacher: teacherSubject()?.0)
  }

  /// The same with what is known of both networks.
  func compare(_ dataset: any Dataset) throws -> Comparison {
    let evaluation = try evaluate(dataset)
    let teacher = teacherSubject().map { _, file, preprocessing in
      Contestant(
        file.model, preprocessing, top1: evaluation.teacherTop1,
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
