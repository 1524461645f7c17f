import Foundation
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch

/// A student and all that is its own: network, optimiser, schedule.
struct RunParts {
  let common: RunCommon
  let schedule: Schedule
  let student: ModelFile
  /// What a run that goes on must have in common with the one that began: what is learnt from, and the
  /// SHA-256 of every file of weights.
  let origin: [String]
  /// Names of the student's parameters that stay as they are.
  let frozen: Set<String>
  let optimizer: any Optimizer
  /// The moving average of the student, if the recipe wants one.
  let average: AveragedModel?
  private let recipe: Recipe

  /// - Throws: `ExperimentError` naming the key of what does not fit.
  init(_ common: RunCommon, _ recipe: Recipe) throws {
    self.common = common
    self.recipe = recipe
    let learnt = try RunLabels(recipe, common.images).check(common.teachers.loaded, common.kind)
    schedule = try recipe.multipliers(imageCount: common.images.trainingCount)
    let classes = common.teachers.classes
    let network = try common.loader.student(recipe.student, classes: classes, seed: recipe.seed)
    if recipe.student.head == .keep,
      let name = ClassNames.misplaced(network.classNames, among: learnt)
    {
      throw ExperimentError(
        "student.weights: '\(name)' is another class there than here; student.head: reset gives it a "
          + "new head")
    }
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: learnt.count == classes ? learnt : [],
      preprocessing: recipe.studentPreprocessing)
    frozen = try Self.frozen(recipe.student.frozen, student.model)
    origin = Self.origin(
      common.kind, images: common.images.trainingCount, teachers: common.teachers.checksums,
      student: try common.loader.checksum(recipe.student.weights))

    // Before gradients are asked for: what is moved later is another tensor.
    student.model.store.move(to: common.device)
    student.model.store.requireGradients(except: frozen.contains)
    optimizer = recipe.optimizer.make(student.model.store.trained)
    let learner = student
    average = try recipe.average.map { decay in
      let model = try learner.spec.build(seed: nil)
      model.store.move(to: common.device)
      return AveragedModel(model, of: learner.model, decay: decay)
    }
  }

  /// What a run learns from, in words that are compared.
  ///
  /// - Parameters:
  ///   - images: number of training images.
  ///   - teachers: SHA-256 of their files.
  ///   - student: that of the file that the student starts from.
  static func origin(
    _ kind: Run.Kind, images: Int, teachers: [String], student: String?
  ) -> [String] {
    [kind.rawValue, "\(images) images"] + teachers + [student].compactMap { $0 }
  }

  /// The parameters whose names match the patterns.
  ///
  /// - Throws: `ExperimentError` when a pattern matches none, or nothing is left to train.
  private static func frozen(_ patterns: [String], _ model: any Model) throws -> Set<String> {
    let names = model.store.all.map(\.name)
    var frozen: Set<String> = []
    for pattern in patterns {
      let matching = names.filter { fnmatch(pattern, $0, 0) == 0 }
      guard !matching.isEmpty else {
        throw ExperimentError(
          "student.frozen: no parameter is called '\(pattern)'; they are \(names[0]) to "
            + "\(names[names.count - 1]), and * stands for anything")
      }
      frozen.formUnion(matching)
    }
    guard !model.store.parameters.allSatisfy({ frozen.contains($0.name) }) else {
      throw ExperimentError("student.frozen: nothing is left to train")
    }
    return frozen
  }

  /// Number of updates of the whole run.
  var steps: Int { schedule.totalSteps }

  /// Bytes that the student takes as long as it is trained: weights, gradients, what the optimiser and
  /// the average keep.
  var byteCount: Int {
    func sum(_ tensors: [(name: String, tensor: Tensor)]) -> Int {
      tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.size }
    }
    return 2 * sum(student.model.store.tensors.map { ($0.name, $0.tensor) })
      + sum(optimizer.state.map { ($0.name, $0.tensor) })
      + sum((average?.state ?? []).map { ($0.name, $0.tensor) })
  }

  /// The student as the trainer knows it.
  var learner: Learner {
    let labels = LabelObjective(
      classes: common.teachers.classes, smoothing: recipe.labels.smoothing, device: common.device)
    let distance = DistanceObjective(recipe.distance, common.teachers.ensemble)
    let objective: any Objective =
      switch common.kind {
      case .supervision: labels
      case .distillation where recipe.labels.alpha > 0:
        BlendedObjective(distance, labels, alpha: recipe.labels.alpha)
      case .distillation: distance
      }
    return Learner(
      student.model, objective: objective, optimizer: optimizer, schedule: schedule,
      precision: recipe.precision.dtype, average: average)
  }

  /// The network that is evaluated and kept: the average, where there is one.
  var result: any Model { average?.model ?? student.model }

  /// The file of that network.
  var resultFile: ModelFile {
    ModelFile(
      model: result, spec: student.spec, classNames: student.classNames,
      preprocessing: student.preprocessing)
  }

  /// One line on what is about to happen.
  var summary: String {
    let size = Comparison.grouped(student.model.store.valueCount)
    let sizes = common.teachers.loaded.map {
      $0.network.parameterCount.map { "one of \(Comparison.grouped($0))" } ?? "a program"
    }
    let source = sizes.isEmpty ? "labels" : "teachers: \(sizes.joined(separator: " and "))"
    return "\(steps) steps of \(recipe.batchSize) images; a student of \(size) parameters learns "
      + "from \(source); \(common.device), \(Torch.threads == 1 ? "1 thread" : "\(Torch.threads) threads"), \(recipe.precision.rawValue)"
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
      teacher: Contestant(teachers: common.teachers.evaluated, evaluation))
  }

  /// What is known at the end.
  func result(_ test: Comparison?) -> RunResult {
    let (side, asked) = (recipe.student.resolution, common.teachers)
    return RunResult(
      kind: common.kind.rawValue, origin: origin, steps: steps, images: steps * recipe.batchSize,
      student: RunResult.Cost(
        parameters: student.model.parameterCount,
        macs: student.model.multiplyAccumulates(height: side, width: side)),
      teacher: asked.loaded.isEmpty ? nil : asked.cost, test: test)
  }
}
