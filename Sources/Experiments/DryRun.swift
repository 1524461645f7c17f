import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchTorch
import FunMatchViews
import Logging

/// The first steps of a run, to see shapes, memory and speed before a long one is started. Nothing is
/// kept. Data sets and weights that are not here are made up.
public struct DryRun {
  private let kind: Run.Kind
  private let file: RecipeFile
  private let options: RunOptions
  private let steps: Int
  /// Views of each image that fixed teachers are asked about in a run that is meant.
  private let views: Int
  private let folder: URL
  private var recipe: Recipe { file.recipe }

  /// - Parameter options: how many steps is in `dryRunSteps`; 1 without it. The folder is not used.
  public init(_ kind: Run.Kind, _ file: RecipeFile, _ options: RunOptions) {
    self.kind = kind
    self.options = options
    steps = options.dryRunSteps ?? 1
    views = file.recipe.views.teacher.fixedViews
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("funmatch-dry-run-\(UUID().uuidString)")
    self.file = file.with { recipe in
      recipe.cache = .none
      recipe.evaluation.trainingImages = 0
      // A thousand crops of each image show nothing that eight do not.
      if case .ensemble(let crops) = recipe.views.teacher {
        recipe.views.teacher = .ensemble(min(crops, 8))
      }
    }
  }

  /// Makes the steps.
  ///
  /// - Parameter tell: given every line of the report as soon as it is known.
  /// - Throws: what a run would throw.
  public func callAsFunction(_ tell: (String) -> Void) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let common = try RunCommon(kind, file, options, cacheFolder: folder.path)
    let parts = try RunParts(common, recipe)
    let images = common.images
    func line(_ name: String, _ text: String) {
      tell(name.padding(toLength: 12, withPad: " ", startingAt: 0) + text)
    }
    line("dry run", "\(steps) of \(Comparison.grouped(parts.steps)) steps; nothing is kept")
    describeImages(images, line)
    describeNetworks(parts, line)
    let state = parts.optimizer.state.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.size }
    line("optimizer", "\(recipe.optimizer.name), its state takes \(Self.megabytes(state))")
    let log = Logger(label: "funmatch") { _ in SwiftLogNoOpLogHandler() }
    let begin = ContinuousClock.now
    guard
      let trainer = try common.trainer(
        steps: min(steps, parts.steps), log, shouldStop: options.shouldStop)
    else { return }
    if views > 0 {
      // Some images with fewer views stand for all with all.
      let asked = min(images.trainingCount, steps * recipe.batchSize)
      let each = begin.duration(to: .now).seconds / Double(asked * recipe.views.teacher.fixedViews)
      let all = images.trainingCount * views
      line(
        "targets",
        "the teachers are asked about \(Comparison.grouped(all)) views first: about "
          + ProgressLine.time(each * Double(all)))
    }
    var speeds: [Double] = []
    let participant = Trainer.Participant(parts.learner, steps: 0..<min(steps, parts.steps))
    try trainer.run([participant]) { progress in
      let update = try progress.updates[0].result.get()
      let speed = progress.imagesPerSecond(update)
      speeds.append(speed)
      line(
        "step \(progress.stepsDone)",
        "loss \(ProgressLine.fixed(update.loss, 4)), gradient norm "
          + "\(ProgressLine.fixed(update.norms.gradient, 4)), "
          + "\(ProgressLine.fixed(speed, 2)) images/s")
      return !options.shouldStop()
    }
    // The first step sets things up.
    let speed = (speeds.count > 1 ? Array(speeds.dropFirst()) : speeds).max() ?? 0
    let seconds = Double(parts.steps) * Double(recipe.batchSize) / max(speed, 1e-9)
    if case .shampoo(let settings) = recipe.optimizer, settings.startStep >= steps {
      line("", "preconditioning, from step \(settings.startStep + 1) on, is not in it")
    }
    line("time", "about \(ProgressLine.time(seconds)) for all steps at this speed")
    line("memory", "\(Self.megabytes(ProcessMemory.peak)) at most so far")
  }

  private func describeImages(_ images: RunImages, _ line: (String, String) -> Void) {
    func note(_ reference: DatasetReference) -> String {
      images.invented.contains(reference) ? " (not here: generated images)" : ""
    }
    let names = recipe.data.train.references.map { "\($0)\(note($0))" }.joined(separator: ", ")
    line("train", "\(names): \(Comparison.grouped(images.trainingCount)) images")
    for (name, reference, images) in [
      ("validation", recipe.data.validation, images.validation),
      ("test", recipe.data.test, images.test),
    ] {
      guard let reference, let images else { continue }
      line(name, "\(reference)\(note(reference)): \(Comparison.grouped(images.count)) images")
    }
    line(
      "views",
      "\(recipe.views.name), \(recipe.batchSize) images a step"
        + (recipe.microBatchSize.map { ", \($0) at a time" } ?? ""))
  }

  private func describeNetworks(_ parts: RunParts, _ line: (String, String) -> Void) {
    func describe(
      _ name: String, _ network: any Classifier, _ resolution: Int, _ weights: String?
    ) {
      let count = recipe.microBatchSize ?? recipe.batchSize
      let isInvented =
        NetworkLoader(recipePath: self.file.path, inventsMissing: true).invents(weights)
      let cost = network.multiplyAccumulates(height: resolution, width: resolution)
      let size =
        network.parameterCount.map {
          "\(Comparison.grouped($0)) parameters, \(Comparison.grouped(cost)) MACs an image"
        } ?? "a program"
      line(
        name,
        "(\(count), 3, \(resolution), \(resolution)) -> (\(count), \(network.classes)), "
          + size + (isInvented ? " (\(weights ?? "") is not here: fresh weights)" : ""))
    }
    for (loaded, teacher) in zip(parts.common.teachers.loaded, recipe.teachers) {
      describe("teacher", loaded.network, teacher.resolution, teacher.path)
    }
    describe("student", parts.student.model, recipe.student.resolution, recipe.student.weights)
    let frozen = parts.frozen.count
    if frozen > 0 {
      let trained = parts.student.model.store.trained.reduce(0) { $0 + $1.value.count }
      line("", "\(frozen) tensors are frozen, \(Comparison.grouped(trained)) values are trained")
    }
  }

  private static func megabytes(_ bytes: Int) -> String {
    Comparison.grouped(Int((Double(bytes) / 1e6).rounded())) + " MB"
  }
}
