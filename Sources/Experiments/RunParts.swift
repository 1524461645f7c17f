import FunMatchDatasets
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews
import Logging

/// Everything that a recipe names, read and put together.
struct RunParts {
  let schedule: Schedule
  let student: ModelFile
  /// What a run that goes on must have in common with the one that began.
  let origin: [String]
  let optimizer: any Optimizer
  /// The moving average of the student, if the recipe wants one.
  let average: AveragedModel?
  let images: RunImages
  let networks: RunNetworks
  private let kind: Run.Kind
  private let recipe: Recipe
  private let device: Device
  private let asked: [Teacher]
  private let ensemble: Ensemble
  /// Where what fixed teachers say is kept.
  private let targetsFolder: String

  /// - Parameter targetsFolder: where what fixed teachers say is kept; the user's cache without it.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions, targetsFolder: String? = nil
  ) throws {
    self.kind = kind
    self.targetsFolder = targetsFolder ?? RunTargets.userFolder + "/targets"
    recipe = file.recipe
    device = options.device
    images = try RunImages(recipe, options)
    schedule = try recipe.multipliers(imageCount: images.trainingCount)

    networks = try RunNetworks(
      kind, file, images, inventsMissing: options.dryRunSteps != nil, device: device)
    (student, origin) = (networks.student, networks.origin)
    // Before gradients are asked for: what is moved later is another tensor.
    student.model.store.move(to: device)
    student.model.store.requireGradients(except: networks.frozen.contains)
    optimizer = recipe.optimizer.make(student.model.store.trained)
    let learner = networks.student
    average = try recipe.average.map { decay in
      let model = try learner.spec.build(seed: nil)
      model.store.move(to: options.device)
      return AveragedModel(model, of: learner.model, decay: decay)
    }

    // Before anybody asks them: freezing changes what the model computes in.
    asked = zip(networks.teachers, recipe.teachers).map { loaded, teacher in
      Teacher(
        loaded.network, resolution: teacher.resolution, precision: file.recipe.precision.dtype,
        device: options.device)
    }
    ensemble = Ensemble(recipe.combine, weights: recipe.teachers.map(\.weight))
  }

  /// Number of updates of the whole run.
  var steps: Int { schedule.totalSteps }

  /// The network that is evaluated and kept: the average, where there is one.
  var result: any Model { average?.model ?? student.model }

  /// The file of that network.
  var resultFile: ModelFile {
    ModelFile(
      model: result, spec: student.spec, classNames: student.classNames,
      preprocessing: student.preprocessing)
  }

  /// What makes the updates. Fills the cache that the recipe wants, and asks fixed teachers first.
  ///
  /// - Returns: `nil` when the user wants to stop before that is done.
  func trainer(_ log: Logger, shouldStop: () -> Bool) throws -> Trainer? {
    let dataset = try images.cachedTraining(log)
    let labels = LabelObjective(
      classes: networks.classes, smoothing: recipe.labels.smoothing, device: device)
    var objective: any Objective
    var excluded: Set<Int> = []
    switch kind {
    case .supervision: objective = labels
    case .distillation where recipe.views.teacher.isFixed:
      let ask = RunTargets(
        recipe: recipe, images: images, networks: networks, device: device, folder: targetsFolder)
      guard let targets = try ask(asked, dataset, log, shouldStop: shouldStop) else {
        return nil
      }
      excluded = targets.reduce([]) { $0.union($1.missing) }
      objective = FixedObjective(targets, recipe.distance, ensemble, device: device)
    case .distillation: objective = TeacherObjective(asked, recipe.distance, ensemble)
    }
    let alpha = recipe.labels.alpha
    if kind == .distillation, alpha > 0 {
      objective = BlendedObjective(objective, labels, alpha: alpha)
    }
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: recipe.batchSize,
      student: recipe.student.resolution, teachers: asked.map(\.resolution), seed: recipe.seed,
      steps: steps, mixture: images.mixture, excluding: excluded, options: images.loading)
    var step = DistillationStep(
      student: student.model, objective: objective, optimizer: optimizer, schedule: schedule,
      lambda: Mixup(recipe.views.mixup, seed: recipe.seed).lambda(step:),
      resolution: recipe.student.resolution, precision: recipe.precision.dtype, device: device)
    step.microBatchSize = recipe.microBatchSize
    step.average = average
    return Trainer(step, source)
  }

  /// Shows a data set to the networks; `nil` where there is none.
  func evaluator(_ dataset: (any Dataset)?, _ loading: LoaderOptions) -> Evaluator? {
    dataset.map {
      Evaluator(
        $0,
        teachers: teachers.map {
          Evaluator.Subject($0.network, $0.preprocessing, precision: recipe.precision.dtype)
        }, ensemble: ensemble, batchSize: recipe.evaluation.batchSize, device: device,
        loading: loading)
    }
  }

  private var teachers: [(network: any Classifier, preprocessing: EvaluationPreprocessing)] {
    zip(networks.teachers, recipe.teachers).map { loaded, teacher in
      // At the size that it teaches at, whatever else its file may say.
      if let own = loaded.preprocessing, own.crop == teacher.resolution {
        return (loaded.network, own)
      }
      return (
        loaded.network,
        EvaluationPreprocessing(
          resize: Recipe.usualResize(teacher.resolution), crop: teacher.resolution)
      )
    }
  }

  /// One line on what is about to happen.
  var summary: String {
    let size = Comparison.grouped(student.model.store.valueCount)
    let sizes = networks.teachers.map {
      $0.network.parameterCount.map { "one of \(Comparison.grouped($0))" } ?? "a program"
    }
    let source = sizes.isEmpty ? "labels" : "teachers: \(sizes.joined(separator: " and "))"
    return "\(steps) steps of \(recipe.batchSize) images; a student of \(size) parameters learns "
      + "from \(source); \(device), \(Torch.threads) threads, \(recipe.precision.rawValue)"
  }

  /// The student as it is now, beside its teachers if it has any.
  ///
  /// - Throws: `CancellationError` when it is stopped.
  func evaluate(_ evaluator: Evaluator, shouldStop: () -> Bool) throws -> Evaluation {
    try evaluator(
      Evaluator.Subject(result, recipe.studentPreprocessing, precision: recipe.precision.dtype),
      shouldStop: shouldStop)
  }

  /// The same with what is known of the networks.
  func compare(_ evaluator: Evaluator, shouldStop: () -> Bool) throws -> Comparison {
    let evaluation = try evaluate(evaluator, shouldStop: shouldStop)
    return Comparison(
      evaluation, student: Contestant(result, recipe.studentPreprocessing, evaluation),
      teacher: Contestant(teachers: teachers, evaluation))
  }
}
