import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch

/// A student in training and all that is its own: network, optimizer, schedule.
package struct StudentTraining {
  let group: TrainingGroup
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
  /// What the student and its teachers compute with.
  let engines: EngineChoice
  /// How that was found out, where it was measured.
  let measured: [String]

  /// - Parameter kept: what it computes with, if it has begun.
  /// - Throws: `RecipeError` naming the key of what does not fit.
  init(_ group: TrainingGroup, _ recipe: Recipe, kept: EngineChoice? = nil) throws {
    (self.group, self.recipe) = (group, recipe)
    let own = recipe.student
    let (classes, classNames) = (group.classes, group.classNames)
    try group.labels.check(own, group.kind, learnt: classNames, classes: classes)
    schedule = try recipe.schedule(imageCount: group.datasets.trainingCount)
    let network = try group.loader.student(
      own, resolution: recipe.shared.resolution, classes: classes, seed: recipe.shared.seed)
    if own.head == .keep, let name = ClassNames.misplaced(network.classNames, among: classNames) {
      throw RecipeError(
        "student.weights: '\(name)' is another class there than here; student.head: reset gives it a "
          + "new head")
    }
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: classNames.count == classes ? classNames : [],
      preprocessing: recipe.preprocessing)
    frozen = try Self.frozen(own.frozen, student.model)
    var measured: [String] = []
    let precision = try group.options.shared {
      let precision = kept?.student ?? own.precision
      guard precision == .auto else { return precision }
      let found = try group.measuredPrecision(network.spec)
      measured.append(found.words)
      return found.precision
    }
    if let words = try group.settleThreads(network.spec, precision) { measured.append(words) }
    self.measured = measured
    engines = EngineChoice(
      teachers: group.teacherEngines, student: precision, threads: group.threads,
      calibrations: group.calibrations)
    origin = Self.origin(
      group.kind, images: group.datasets.trainingCount, teachers: group.teachers.map(\.checksum),
      student: try group.loader.checksum(own.weights))

    // Before gradients are wanted: what is moved later is another tensor.
    student.model.store.move(to: group.device)
    student.model.store.requireGradients(except: frozen.contains)
    optimizer = own.optimizer.value.make(student.model.store.trained)
    let file = student
    average = try own.average.map { decay in
      let model = try file.spec.build(seed: nil)
      model.store.move(to: group.device)
      return AveragedModel(model, of: file.model, decay: decay)
    }
  }

  /// What a run learns from, in words that are compared.
  ///
  /// - Parameters:
  ///   - images: number of training images.
  ///   - teachers: SHA-256 of their files.
  ///   - student: that of the file that the student starts from.
  package static func origin(
    _ kind: TrainingKind, images: Int, teachers: [String], student: String?
  ) -> [String] {
    [kind.rawValue, "\(images) images"] + teachers + [student].compactMap { $0 }
  }

  /// The parameters whose names match the patterns.
  ///
  /// - Throws: `RecipeError` when a pattern matches none, or nothing is left to train.
  private static func frozen(_ patterns: [String], _ model: any Model) throws -> Set<String> {
    let names = model.store.all.map(\.name)
    var frozen: Set<String> = []
    for pattern in patterns {
      let matching = names.filter { fnmatch(pattern, $0, 0) == 0 }
      guard !matching.isEmpty else {
        throw RecipeError(
          "student.frozen: no parameter is called '\(pattern)'; they are \(names[0]) to "
            + "\(names[names.count - 1]), and * stands for anything")
      }
      frozen.formUnion(matching)
    }
    guard !model.store.parameters.allSatisfy({ frozen.contains($0.name) }) else {
      throw RecipeError("student.frozen: nothing is left to train")
    }
    return frozen
  }

  /// What the student's convolutions compute in.
  private var precision: DType { engines.student.dtype ?? .f32 }

  /// Number of updates of the whole run.
  var steps: Int { schedule.totalSteps }

  /// What makes it likely that its recipe is wrong.
  var warnings: [String] {
    var warnings = schedule.warnings
    if let late = recipe.student.checkpoints.at.first(where: { $0 > steps }) {
      warnings.append("checkpoints.at: step \(late) comes after the end of the run")
    }
    if let input = student.model.input.warning { warnings.append("student.input: \(input)") }
    let distance = recipe.student.distance.value
    if group.kind == .distillation, distance.roundingError > 1e-3 {
      warnings.append(
        String(
          format: "distance: at temperature %g rounding makes the loss wrong by about %.2g",
          distance.temperature, distance.roundingError))
    }
    return warnings
  }

  /// Bytes that the student takes as long as it is trained: weights, gradients, what the optimizer and
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
    let own = recipe.student
    let labels = LabelLoss(
      classes: group.classes, smoothing: own.labels.smoothing, device: group.device)
    let objective: Objective =
      switch group.kind {
      case .supervision: .labels(labels)
      case .distillation where own.labels.alpha > 0:
        .blend(own.distance, labels, alpha: own.labels.alpha, group.ensemble)
      case .distillation: .distance(own.distance, group.ensemble)
      }
    return Learner(
      student.model, objective: objective, optimizer: optimizer, schedule: schedule,
      precision: precision, average: average, group: group.options.group)
  }

  /// Takes over what the first of several processes has: weights, running statistics, the optimizer's state, averages.
  ///
  /// - Throws: `TorchError` when another process is gone.
  func takeOver(from group: ProcessGroup) throws {
    let state = optimizer.state
    let all =
      student.model.store.tensors.map(\.tensor) + state.map(\.tensor)
      + (average?.state ?? []).map(\.tensor)
    for values in all { try group.broadcast(values) }
    let count = try group.shared { optimizer.count }
    try optimizer.restore(state, count: count, from: "the first process")
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
    let size = NumberText.grouped(student.model.store.valueCount)
    let sizes = group.teachers.map {
      $0.network.parameterCount.map { "one of \(NumberText.grouped($0))" } ?? "a program"
    }
    let source = sizes.isEmpty ? "labels" : "teachers: \(sizes.joined(separator: " and "))"
    let length =
      recipe.student.schedule.hours.map { "\(NumberText.short($0)) hours of steps" }
      ?? "\(steps) steps"
    return "\(length) of \(recipe.shared.batchSize) images; a student of \(size) parameters "
      + "learns from \(source); \(group.device), "
      + "\(engines.threads?.description ?? "\(Torch.threads) threads"), \(engines.words)"
  }

  /// The student as it is now, beside its teachers if it has any.
  ///
  /// - Throws: `CancellationError` when it is stopped.
  func evaluate(_ evaluator: Evaluator, shouldStop: () -> Bool) throws -> Evaluation {
    try evaluator(
      EvaluatedModel(result, recipe.preprocessing, precision: precision),
      shouldStop: shouldStop)
  }

  /// The student at its end, as `funmatch evaluate` sees it: in f32, on whatever engine is at hand.
  ///
  /// - Throws: `CancellationError` when it is stopped.
  func evaluateLast(_ evaluator: Evaluator, shouldStop: () -> Bool) throws -> Evaluation {
    try evaluator(lastNetwork(), shouldStop: shouldStop)
  }

  /// The network that is evaluated at the end.
  func lastNetwork() throws -> EvaluatedModel {
    // What is frozen is another network than what a run may still save.
    let copy = try student.spec.build(seed: nil)
    copy.input = result.input
    for (own, value) in zip(copy.store.all, result.store.all) { own.value.copy(from: value.value) }
    return EvaluatedModel(try asEvaluated(copy), recipe.preprocessing, precision: .f32)
  }

  private func asEvaluated(_ model: any Model) throws -> any Classifier {
    let side = recipe.preprocessing.crop
    return try Torch.withThreads(group.allThreads) {
      try Engine.auto.freeze(
        model, height: side, width: side, precision: .f32,
        batchSize: recipe.shared.evaluationBatchSize, device: group.device
      ).network
    }
  }

  /// The same of the student's file, beside its teachers.
  ///
  /// - Throws: `CancellationError` when it is stopped; `FileError` when the file cannot be read again.
  func compare(
    _ evaluator: Evaluator, _ path: String, registry: Registry, shouldStop: () -> Bool
  ) throws -> Comparison {
    let way = recipe.preprocessing
    let network = try asEvaluated(ModelFile(path: path, registry: registry).model)
    let evaluation = try evaluator(
      EvaluatedModel(network, way, precision: .f32), shouldStop: shouldStop)
    return Comparison(
      evaluation, metrics: registry.metrics, student: EvaluatedNetwork(network, way, evaluation),
      teacher: EvaluatedNetwork(
        teachers: group.teachers.map { ($0.network, $0.preprocessing) }, evaluation))
  }

  /// What is known at the end.
  func result(_ test: Comparison?) -> RunResult {
    let side = recipe.shared.resolution
    return RunResult(
      kind: group.kind.rawValue, origin: origin, steps: steps,
      images: steps * recipe.shared.batchSize,
      student: RunResult.Cost(
        parameters: student.model.parameterCount,
        macs: student.model.multiplyAccumulates(height: side, width: side)),
      teacher: group.teachers.isEmpty ? nil : group.teacherCost, test: test)
  }
}
