import Foundation
import FunMatchDistillation
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch
import FunMatchViews
import Logging

/// Measures what the parts of a recipe's step take, on few images. Images and weights that are not here are made up.
public struct CostMeasurement {
  private let kind: TrainingKind
  private let file: RecipeFile
  private let options: RunOptions
  private let company: ProcessGroup?
  /// Images of the largest part of a batch, or as many as are enough to measure.
  private let most: Int

  /// - Parameters:
  ///   - options: where to compute; the folder is not used.
  ///   - company: processes of this machine that all measure at once, each for itself; `nil` to measure alone.
  public init(
    _ kind: TrainingKind, _ file: RecipeFile, _ options: RunOptions,
    company: ProcessGroup? = nil
  ) {
    (self.kind, self.options, self.company) = (kind, options, company)
    let shared = file.recipe.shared
    let parts = DistillationStep.parts(of: shared.batchSize, shared.microBatchSize)
    most = min(parts.map(\.count).max() ?? 1, 512)
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

  /// The most seconds that a step of a measurement is expected to take.
  private static let longestStep = 6.0

  /// Makes a few steps each of few images and of more, as long as that takes seconds.
  ///
  /// - Returns: the costs, and the number of training images that the recipe names.
  /// - Throws: what a run would throw.
  public func callAsFunction() throws -> (costs: StepCosts, imageCount: Int) {
    let sizes = [2, 8, 32, 128].filter { $0 < most } + [most]
    var all: [(images: Int, Measured)] = []
    for size in sizes {
      if let (images, last) = all.last {
        let expected = (last.teachers + last.student) * Double(size) / Double(images)
        // All processes go on, or none.
        guard try company?.shared({ expected < Self.longestStep }) ?? (expected < Self.longestStep)
        else { break }
      }
      all.append((size, try measured(size)))
    }
    guard let (_, last) = all.last else { preconditionFailure("no size was measured") }
    func line(_ value: (Measured) -> Double) -> StepCosts.Line {
      StepCosts.Line(all.map { .init(images: $0.images, value: value($0.1)) })
    }
    return (
      StepCosts(
        teachers: line(\.teachers), student: line(\.student), input: last.input,
        gradientBytes: last.gradientBytes, sharedLayers: last.sharedLayers,
        memory: line(\.memory)), last.imageCount
    )
  }

  /// Seconds of a step of so many images.
  ///
  /// - Parameter limit: after which no other step is made, but for the second.
  /// - Throws: what a run would throw.
  func seconds(images: Int, within limit: Duration) throws -> Double {
    let measured = try measured(images, within: limit)
    let input =
      (measured.input ?? 0) * Double(images) / Double(ProcessInfo.processInfo.activeProcessorCount)
    return max(measured.teachers + measured.student, input)
  }

  /// Steps that are made. In company the middle one counts, and so it takes more of them.
  private var steps: Int { company == nil ? 4 : 8 }

  private struct Measured {
    let teachers, student, memory: Double
    let input: Double?
    let gradientBytes, sharedLayers, imageCount: Int
  }

  private func measured(_ images: Int, within limit: Duration? = nil) throws -> Measured {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("funmatch-plan-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let own = file.with {
      $0.shared.batchSize = images
      $0.student.schedule = ScheduleRecipe()
      ($0.student.schedule.steps, $0.student.schedule.warmupSteps) = (steps, 0)
    }
    var options = options
    options.dryRunSteps = steps
    let group = try TrainingGroup(
      kind, own.recipe.shared, path: own.path, options, cacheFolder: folder.path)
    let training = try StudentTraining(group, own.recipe)
    let log = Logger(label: "funmatch") { _ in SwiftLogNoOpLogHandler() }
    let student = MeasuredStudent(training.learner, steps: 0..<steps)
    // All begin at once.
    _ = try company?.gathered("")
    let trainer = try group.trainer(steps: steps, log, shouldStop: options.shouldStop)
    let begin = ContinuousClock.now
    try trainer?.run([student]) { progress in
      let isLate = limit.map { begin.duration(to: .now) > $0 && progress.stepsDone > 1 } ?? false
      return !options.shouldStop() && !isLate
    }
    let store = training.student.model.store
    return Measured(
      teachers: typical(student.teachers), student: typical(student.own),
      memory: Double(ProcessMemory.resident ?? ProcessMemory.peak),
      input: group.datasets.invented.isEmpty ? try input(group, own.recipe.shared) : nil,
      gradientBytes: store.trained.reduce(0) { $0 + $1.value.count * 4 },
      sharedLayers: store.all.filter { $0.name.hasSuffix("running_mean") && $0.isUpdated }.count,
      imageCount: group.datasets.trainingCount)
  }

  /// Of steps in company the middle one, since others may rest during the fastest; alone the fastest.
  private func typical(_ seconds: [Double]) -> Double {
    let sorted = seconds.sorted()
    return company == nil ? sorted[0] : sorted[sorted.count / 2]
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

/// The student of a measurement: it notes what its steps take, but for the first, which sets things up.
private final class MeasuredStudent: Participant {
  let learner: Learner
  let steps: Range<Int>
  private(set) var own: [Double] = []
  private(set) var teachers: [Double] = []

  init(_ learner: Learner, steps: Range<Int>) { (self.learner, self.steps) = (learner, steps) }

  func take(
    _ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress
  ) throws -> Bool {
    _ = try result.get()
    guard progress.stepsDone > 1 else { return true }
    own.append(progress.ownSeconds)
    teachers.append(progress.teacherSeconds)
    return true
  }
}
