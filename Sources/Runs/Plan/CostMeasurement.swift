import Foundation
import FunMatchDistillation
import FunMatchRecipes
import FunMatchSettings
import FunMatchViews
import Logging

/// Measures what the parts of a recipe's step take, on few images. Images and weights that are not here are made up.
public struct CostMeasurement {
  private let kind: TrainingKind
  private let file: RecipeFile
  private let options: RunOptions

  /// - Parameter options: where to compute; the folder is not used.
  public init(_ kind: TrainingKind, _ file: RecipeFile, _ options: RunOptions) {
    (self.kind, self.options) = (kind, options)
    self.file = file.with { recipe in
      recipe.shared.cache = .none
      recipe.shared.evaluatedTrainingImages = 0
      recipe.shared.bank = nil
      recipe.shared.microBatchSize = nil
      // What fixed teachers compute beforehand costs a view what others do.
      if recipe.shared.views.teacher.isFixed { recipe.shared.views.teacher = .shared }
      // Which of several ways is the fastest is found when a run begins.
      if recipe.shared.precision == .auto { recipe.shared.precision = .f32 }
      if recipe.student.precision == .auto { recipe.student.precision = .f32 }
    }
  }

  /// Makes a few steps of two sizes.
  ///
  /// - Returns: the costs, and the number of training images that the recipe names.
  /// - Throws: what a run would throw.
  public func callAsFunction() throws -> (costs: StepCosts, imageCount: Int) {
    let most = min(8, file.recipe.shared.batchSize)
    let sizes = most > 1 ? [max(1, most / 4), most] : [1]
    let all = try sizes.map { try measured($0) }
    guard let last = all.last else { preconditionFailure("no size was measured") }
    func line(_ value: (Measured) -> Double) -> StepCosts.Line {
      guard all.count > 1 else { return .init(perImage: value(last)) }
      return .init((sizes[0], value(all[0])), (sizes[1], value(last)))
    }
    return (
      StepCosts(
        teachers: line(\.teachers), student: line(\.student), input: last.input,
        gradientBytes: last.gradientBytes, sharedLayers: last.sharedLayers,
        memory: line(\.memory)), last.imageCount
    )
  }

  private static let fourSteps = {
    var schedule = ScheduleRecipe()
    (schedule.steps, schedule.warmupSteps) = (4, 0)
    return schedule
  }()

  private struct Measured {
    let teachers, student, memory: Double
    let input: Double?
    let gradientBytes, sharedLayers, imageCount: Int
  }

  private func measured(_ images: Int) throws -> Measured {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("funmatch-plan-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let own = file.with {
      $0.shared.batchSize = images
      $0.student.schedule = Self.fourSteps
    }
    var options = options
    options.dryRunSteps = 4
    let group = try TrainingGroup(
      kind, own.recipe.shared, path: own.path, options, cacheFolder: folder.path)
    let training = try StudentTraining(group, own.recipe)
    let log = Logger(label: "funmatch") { _ in SwiftLogNoOpLogHandler() }
    let student = MeasuredStudent(training.learner, steps: 0..<4)
    let trainer = try group.trainer(steps: 4, log, shouldStop: options.shouldStop)
    try trainer?.run([student]) { _ in !options.shouldStop() }
    let store = training.student.model.store
    return Measured(
      teachers: student.teachers, student: student.own,
      memory: Double(ProcessMemory.resident ?? ProcessMemory.peak),
      input: group.datasets.invented.isEmpty ? try input(group, own.recipe.shared) : nil,
      gradientBytes: store.trained.reduce(0) { $0 + $1.value.count * 4 },
      sharedLayers: store.all.filter { $0.name.hasSuffix("running_mean") && $0.isUpdated }.count,
      imageCount: group.datasets.trainingCount)
  }

  /// Seconds of a core for the views of an image.
  private func input(_ group: TrainingGroup, _ recipe: SharedRecipe) throws -> Double {
    var loading = group.datasets.loading
    loading.workers = 1
    let count = min(32, group.datasets.training.count)
    let source = try BatchSource(
      group.datasets.training, policy: recipe.views, batchSize: count,
      student: recipe.resolution, teachers: group.teachers.map(\.resolution), seed: recipe.seed,
      steps: 2, mixture: group.datasets.mixture, options: loading)
    let begin = ContinuousClock.now
    for step in 0..<2 { _ = try source.batch(step) }
    return begin.duration(to: .now).seconds / Double(2 * count)
  }
}

/// The student of a measurement: the fastest of its steps count, but for the first, which sets things up.
private final class MeasuredStudent: Participant {
  let learner: Learner
  let steps: Range<Int>
  private(set) var own = Double.infinity
  private(set) var teachers = Double.infinity

  init(_ learner: Learner, steps: Range<Int>) { (self.learner, self.steps) = (learner, steps) }

  func take(
    _ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress
  ) throws -> Bool {
    _ = try result.get()
    guard progress.stepsDone > 1 else { return true }
    own = min(own, progress.ownSeconds)
    teachers = min(teachers, progress.teacherSeconds)
    return true
  }
}
