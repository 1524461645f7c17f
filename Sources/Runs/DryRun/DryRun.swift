import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchViews
import Logging

/// The first steps of a run, to see shapes, memory and speed before a long one is started. Nothing is
/// kept. Data sets and weights that are not here are made up.
public struct DryRun {
  private let kind: TrainingKind
  private let file: RecipeFile
  private let options: RunOptions
  private let steps: Int
  /// Views of each image that fixed teachers are given in a run that is meant.
  private let views: Int
  private let folder: URL

  /// - Parameter options: how many steps is in `dryRunSteps`; 1 without it. The folder is not used.
  public init(_ kind: TrainingKind, _ file: RecipeFile, _ options: RunOptions) {
    (self.kind, self.options) = (kind, options)
    steps = options.dryRunSteps ?? 1
    views = file.recipe.shared.views.teacher.fixedViews
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("funmatch-dry-run-\(UUID().uuidString)")
    self.file = file.with { recipe in
      recipe.shared.cache = .none
      recipe.shared.evaluatedTrainingImages = 0
      // A thousand crops of each image show nothing that eight do not.
      if case .ensemble(let crops) = recipe.shared.views.teacher {
        recipe.shared.views.teacher = .ensemble(min(crops, 8))
      }
    }
  }

  /// Makes the steps.
  ///
  /// - Parameter tell: given every line of the report as soon as it is known.
  /// - Throws: what a run would throw.
  public func callAsFunction(_ tell: @escaping (String) -> Void) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let resident = ProcessMemory.resident ?? 0
    let (shared, own) = (file.recipe.shared, file.recipe.student)
    let group = try TrainingGroup(
      kind, shared, path: file.path, options, cacheFolder: folder.path, checking: [own])
    let training = try StudentTraining(group, file.recipe)
    func line(_ name: String, _ text: String) {
      tell(name.padding(toLength: 12, withPad: " ", startingAt: 0) + text)
    }
    let hours = own.schedule.hours
    let all =
      hours.map { "the steps of \(NumberText.short($0)) hours" }
      ?? "\(NumberText.grouped(training.steps)) steps"
    line("dry run", "\(steps) of \(all); nothing is kept")
    describeImages(group.datasets, shared, line)
    describeNetworks(training, line)
    for remark in group.remarks + training.measured { line("", remark) }
    let state = training.optimizer.state.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.size }
    line("optimizer", "\(own.optimizer.name), its state takes \(Self.megabytes(state))")
    for (isEvaluated, words) in [(false, "a step"), (true, "a run with its evaluations")] {
      guard let estimate = group.memory(training, own, isEvaluated: isEvaluated) else { continue }
      line("memory", "about \(Self.megabytes(estimate.bytes(resident: resident))) for \(words)")
    }
    let log = Logger(label: "funmatch") { _ in SwiftLogNoOpLogHandler() }
    let begin = ContinuousClock.now
    guard
      let trainer = try group.trainer(
        steps: min(steps, training.steps), log, shouldStop: options.shouldStop)
    else { return }
    if views > 0 {
      // Some images with fewer views stand for all with all.
      let count = group.datasets.trainingCount
      let shown = min(count, steps * shared.batchSize) * shared.views.teacher.fixedViews
      let each = begin.duration(to: .now).seconds / Double(shown)
      line(
        "targets",
        "the teachers compute logits of \(NumberText.grouped(count * views)) views first: about "
          + NumberText.duration(each * Double(count * views)))
    }
    let student = DryRunStudent(training, steps: min(steps, training.steps), line)
    try trainer.run([student]) { _ in !options.shouldStop() }
    let each = Double(shared.batchSize) / max(student.speed, 1e-9)
    if let settings = own.optimizer.value as? ShampooConfiguration, settings.startStep >= steps {
      line("", "preconditioning, from step \(settings.startStep + 1) on, is not in it")
    }
    line(
      "time",
      hours.map {
        "about \(NumberText.grouped(Int(min($0 * 3600 / each, 1e12)))) steps at this speed"
      }
        ?? "about \(NumberText.duration(Double(training.steps) * each)) for all steps at this speed"
    )
    line("memory", "\(Self.megabytes(ProcessMemory.peak)) at most so far")
  }

  private func describeImages(
    _ datasets: RunDatasets, _ recipe: SharedRecipe, _ line: (String, String) -> Void
  ) {
    func note(_ reference: DatasetReference) -> String {
      datasets.invented.contains(reference) ? " (not here: generated images)" : ""
    }
    let names = recipe.train.references.map { "\($0)\(note($0))" }.joined(separator: ", ")
    line("train", "\(names): \(NumberText.grouped(datasets.trainingCount)) images")
    for (name, reference, images) in [
      ("validation", recipe.validation, datasets.validation), ("test", recipe.test, datasets.test),
    ] {
      guard let reference, let images else { continue }
      line(name, "\(reference)\(note(reference)): \(NumberText.grouped(images.count)) images")
    }
    line(
      "views",
      "\(recipe.views.name), \(recipe.batchSize) images a step"
        + (recipe.microBatchSize.map { ", \($0) at a time" } ?? ""))
  }

  private func describeNetworks(_ training: StudentTraining, _ line: (String, String) -> Void) {
    let (shared, own) = (file.recipe.shared, file.recipe.student)
    func describe(
      _ name: String, _ network: any Classifier, _ resolution: Int, _ weights: String?
    ) {
      let count = shared.microBatchSize ?? shared.batchSize
      let cost = network.multiplyAccumulates(height: resolution, width: resolution)
      let size =
        network.parameterCount.map {
          "\(NumberText.grouped($0)) parameters, \(NumberText.grouped(cost)) MACs an image"
        } ?? "a program"
      let isInvented = training.group.loader.invents(weights)
      line(
        name,
        "(\(count), 3, \(resolution), \(resolution)) -> (\(count), \(network.classes)), "
          + size + (isInvented ? " (\(weights ?? "") is not here: fresh weights)" : ""))
    }
    for (teacher, named) in zip(training.group.teachers, shared.teachers) {
      describe("teacher", teacher.network, teacher.resolution, named.path)
    }
    describe("student", training.student.model, shared.resolution, own.weights)
    let frozen = training.frozen.count
    if frozen > 0 {
      let trained = training.student.model.store.trained.reduce(0) { $0 + $1.value.count }
      line("", "\(frozen) tensors are frozen, \(NumberText.grouped(trained)) values are trained")
    }
  }

  private static func megabytes(_ bytes: Int) -> String {
    NumberText.grouped(Int((Double(bytes) / 1e6).rounded())) + " MB"
  }
}

/// The student of a dry run: its steps are told and not kept.
private final class DryRunStudent: Participant {
  let learner: Learner
  let steps: Range<Int>
  private var speeds: [Double] = []
  private let line: (String, String) -> Void

  init(_ training: StudentTraining, steps: Int, _ line: @escaping (String, String) -> Void) {
    (learner, self.steps, self.line) = (training.learner, 0..<steps, line)
  }

  /// Images a second; the first step sets things up and does not count.
  var speed: Double { (speeds.count > 1 ? Array(speeds.dropFirst()) : speeds).max() ?? 0 }

  func take(
    _ result: Result<Learner.Update, TrainingError>, _ progress: Trainer.Progress
  ) throws -> Bool {
    let update = try result.get()
    let speed = progress.imagesPerSecond(update)
    speeds.append(speed)
    line(
      "step \(progress.stepsDone)",
      "loss \(NumberText.fixed(update.loss, 4)), gradient norm "
        + "\(NumberText.fixed(update.norms.gradient, 4)), "
        + "\(NumberText.fixed(speed, 2)) images/s")
    return true
  }
}
