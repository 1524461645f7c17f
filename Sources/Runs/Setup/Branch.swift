import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchSettings
import Logging

/// A run that goes on from a kept checkpoint of another one, its trunk, with another end. The trunk is only read, and may go
/// on meanwhile.
public struct Branch {
  /// What all processes of a run have to know of it.
  private struct Plan: Codable {
    /// Updates that the trunk had made.
    let step: Int
    /// The recipe that is edited.
    let base: String
    /// Beside which its weights are looked for.
    let beside: String
  }

  /// The trunk's folder.
  let trunk: RunFolder
  /// What it goes on from; `nil` where its own folder has that already, and in processes that write nothing.
  let checkpoint: HeldCheckpoint?
  private let plan: Plan
  /// Whether nobody writes into the trunk's folder meanwhile.
  private let trunkRests: Bool
  /// Updates that the trunk had made.
  public var step: Int { plan.step }

  /// Finds where the branch begins, or how it began.
  ///
  /// - Parameters:
  ///   - argument: `RUN` or `RUN@STEP`, the folder of a run; without a step its newest checkpoint is taken.
  ///   - output: the branch's folder. Where it has begun and is to be resumed, the trunk is needed no more.
  /// - Throws: `RecipeError` when there is no such run or no such checkpoint.
  public init(_ argument: String, output: String, _ options: RunOptions) throws {
    let (path, step) = Self.parts(argument)
    let trunk = RunFolder(path)
    var held: HeldCheckpoint?
    plan = try options.shared {
      let own = RunFolder(output)
      if options.resume, let begun = try Self.begun(own, trunk, step) { return begun }
      held = try Self.checkpoint(trunk, step)
      return Plan(
        step: held?.description.step ?? 0, base: trunk.recipe,
        beside: RunSource(path: trunk.source)?.recipe ?? trunk.recipe)
    }
    (self.trunk, checkpoint, trunkRests) = (trunk, held, false)
  }

  /// A branch with a recipe of its own, of a run that nobody makes at the moment.
  ///
  /// - Throws: `RecipeError` when the trunk has no checkpoint of that step.
  package init(of trunk: RunFolder, step: Int, _ file: RecipeFile) throws {
    (self.trunk, trunkRests) = (trunk, true)
    checkpoint = try Self.checkpoint(trunk, step)
    plan = Plan(step: step, base: trunk.recipe, beside: file.path)
  }

  /// A path, and the step behind its last `@`.
  private static func parts(_ argument: String) -> (path: String, step: Int?) {
    guard let sign = argument.lastIndex(of: "@"), sign != argument.startIndex,
      let step = Int(argument[argument.index(after: sign)...]), step >= 0
    else { return (argument, nil) }
    return (String(argument[..<sign]), step)
  }

  private static func checkpoint(_ trunk: RunFolder, _ step: Int?) throws -> HeldCheckpoint {
    let files = FileManager.default
    guard !files.fileExists(atPath: "\(trunk.path)/\(RunFolder.studyResult)") else {
      throw RecipeError("\(trunk.path): is a study; expected the folder of one of its students")
    }
    guard files.fileExists(atPath: trunk.recipe) else {
      throw RecipeError("\(trunk.path): holds no run: there is no recipe.yaml")
    }
    return try HeldCheckpoint.hold(step: step, in: trunk.checkpoints, of: trunk.path)
  }

  /// How a branch goes on that has begun in its folder; `nil` where it has not.
  private static func begun(_ own: RunFolder, _ trunk: RunFolder, _ step: Int?) throws -> Plan? {
    guard
      Checkpoint.exists(in: own.checkpoints) || FileManager.default.fileExists(atPath: own.result)
    else { return nil }
    guard let source = RunSource(path: own.source), let from = source.trunk else {
      throw RecipeError("\(own.path) holds a run that is no branch; choose another --output")
    }
    let run = Checkpoint.run(of: trunk.checkpoints)
    guard step ?? from.step == from.step, run == nil || from.run == nil || run == from.run else {
      throw RecipeError(
        "\(own.path) holds a branch of \(from.path)@\(from.step); choose another --output")
    }
    return Plan(step: from.step, base: own.recipe, beside: source.recipe)
  }

  /// The branch's recipe: the trunk's with changes. It is as long as its cool-down takes, unless these tell its length.
  ///
  /// - Parameters:
  ///   - edits: `KEY=VALUE` with a dotted key.
  ///   - imageCount: counts training images, if the schedule counts epochs.
  /// - Throws: `RecipeError` when it would be another experiment, or has no steps of its own.
  public func recipe(
    _ edits: [String], _ registry: Registry, imageCount: RunFolder.ImageCount
  ) throws -> RecipeFile {
    var file = try RecipeFile(
      path: plan.base, edits: edits, beside: plan.beside, registry: registry,
      imageCount: imageCount)
    if try !edits.contains(where: { try RecipeEdit(argument: $0).tellsLength }) {
      let recipe = file.recipe
      let schedule = recipe.student.schedule
      let steps = schedule.length(
        coolingFrom: step,
        imageCount: schedule.countsEpochs ? try imageCount(recipe.shared.train) : 1,
        batchSize: recipe.shared.batchSize)
      file = file.with { $0.student.schedule.setSteps(steps) }
    }
    if plan.base == trunk.recipe { try check(file, imageCount) }
    return file
  }

  private func check(_ file: RecipeFile, _ imageCount: RunFolder.ImageCount) throws {
    let kept = try trunk.keptRecipe(like: file)
    let other = try RunFolder.difference(kept, file.recipe) { recipe in
      recipe.student.schedule = kept.student.schedule
      recipe.student.logEvery = kept.student.logEvery
      recipe.student.evaluateEvery = kept.student.evaluateEvery
      recipe.student.resize = kept.student.resize
      recipe.shared.evaluationBatchSize = kept.shared.evaluationBatchSize
      recipe.shared.evaluatedTrainingImages = kept.shared.evaluatedTrainingImages
    }
    if let other {
      throw RecipeError(
        "\(trunk.path): a branch is the same experiment with another end; expected changes of schedule, "
          + "evaluation, checkpoints and logEvery alone, not of \(other)")
    }
    let steps = try RunFolder.stepsInCommon(kept, file.recipe, upTo: step, imageCount)
    guard let steps else {
      throw RecipeError(
        "\(trunk.path): its first \(step) steps are not those of a longer run with this schedule "
          + "(\(try RunFolder.difference(kept, file.recipe) ?? "")); expected a run with decay: constant, and "
          + "schedule.cooldownSteps")
    }
    guard steps > step else {
      throw RecipeError(
        "\(trunk.path): nothing is left to train after step \(step); expected "
          + "--set schedule.cooldownSteps=…, or schedule.steps above \(step)")
    }
  }

  /// Puts all that the branch goes on from into its folder, unless it has begun there.
  ///
  /// - Throws: `RecipeError` when the folder holds something else or the trunk learns from something else, `FileError` when
  ///   something cannot be written.
  package func begin(
    _ folder: RunFolder, _ file: RecipeFile, _ kind: TrainingKind, _ options: RunOptions,
    _ imageCount: RunFolder.ImageCount
  ) throws {
    guard let checkpoint else { return }
    let earlier = RunSource(path: folder.source)?.trunk
    let isUntouched =
      earlier != nil && !FileManager.default.fileExists(atPath: folder.result)
      && Checkpoint.newest(in: folder.checkpoints)?.step == earlier?.step
    if !isUntouched { try folder.check(file, resume: false) }
    let origin = checkpoint.description.origin.first
    guard origin == nil || origin == kind.rawValue else {
      let command = kind == .distillation ? "train" : "distill"
      throw RecipeError(
        "\(trunk.path): is of the other kind; expected funmatch \(command) --branch")
    }
    var engines = try EngineChoice.begun(in: trunk, kind, file.registry)
    try checkpoint.verify()
    let run = engines.run
    engines.run = Checksum.sha256(
      of: try RecipeFile.text(file.recipe) + "\nfrom step \(step) of \(run ?? trunk.path)")
    let lock = try folder.make(file.recipe).lock
    defer { withExtendedLifetime(lock) {} }
    Checkpoint.clear(folder.checkpoints)
    try engines.write(to: folder)
    for (source, target) in [(trunk.data, folder.data), (trunk.environment, folder.environment)] {
      guard let bytes = FileManager.default.contents(atPath: source) else { continue }
      try AtomicFile.write(to: target, bytes)
    }
    // The trunk's last step was evaluated as the last of a run; here it is none.
    let kept = try trunk.keptRecipe(like: file)
    let images = kept.student.schedule.countsEpochs ? try imageCount(kept.shared.train) : 1
    let wasLast = try kept.totalSteps(imageCount: images) == step
    let isPending = checkpoint.description.pending != nil
    try MetricsLog.copy(
      trunk.metrics, to: folder.metrics, through: wasLast && isPending ? step - 1 : step)
    try BestStudent.begin(folder, of: trunkRests ? trunk : nil, through: step)
    let path = URL(fileURLWithPath: trunk.path).standardizedFileURL.path
    try JSONText.write(
      RunSource(recipe: plan.beside, trunk: .init(path: path, step: step, run: run)),
      to: folder.source)
    // At last: with it the branch has begun.
    try checkpoint.copy(to: folder.checkpoints)
    RunLog.make(path: folder.log, isQuiet: options.isQuiet).info(
      "a branch of \(trunk.path) from step \(step) on")
  }
}
