import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchTensorBoard
import FunMatchTorch
import Logging

/// Many students, each with a recipe of its own, that share views and teachers wherever their recipes
/// let them: a batch is decoded and viewed once, teachers compute its logits once, and every student takes its step. Each
/// ends with the weights that its recipe gives alone.
///
/// Every student has the folder of a run, so that the study can be killed at any moment and goes on
/// from there; what is finished is not trained again.
public struct Study {
  /// How a study ended.
  public struct Outcome: Sendable {
    /// The students and how far each is.
    public let result: StudyResult
    /// Whether a signal ended it; `--resume` goes on.
    public let isStopped: Bool
    /// Views that the teachers computed logits of in training, in this process.
    public let teacherViews: Int
    /// Why a student could not be trained, of the first such; the others were.
    public let problem: RecipeError?
  }

  let file: StudyFile
  let options: RunOptions
  let folder: StudyFolder

  /// Nothing is read or written yet.
  public init(_ file: StudyFile, _ options: RunOptions) {
    self.file = file
    self.options = options
    folder = StudyFolder(options.output)
  }

  /// Trains all students, or those that are left.
  ///
  /// - Throws: an error with one sentence on what was wrong; what is finished or saved is whole
  ///   whatever happens.
  public func callAsFunction() throws -> Outcome {
    defer { options.removeScratch() }
    if !options.resume, FileManager.default.fileExists(atPath: folder.result) {
      throw RecipeError(
        "\(folder.path) already holds a study; --resume goes on with it and trains what is new, or "
          + "choose another --output")
    }
    guard !FileManager.default.fileExists(atPath: RunFolder(folder.path).recipe) else {
      throw RecipeError("\(folder.path) holds a run; choose another --output")
    }
    for path in [folder.path, folder.students] { try OutputFolder.make(path) }
    let lock = try FileLock.takeFolder(folder.path)
    for place in [folder.path, folder.report] { OutputFolder.removeTemporaries(in: place) }
    defer { withExtendedLifetime(lock) {} }
    try options.checkSame(
      "study",
      file.students.map { try "\($0.name): " + RecipeFile.text($0.file.recipe) }
        .joined(separator: "\n"))
    let states = try StudyStates(file, folder)
    states.take(try options.shared { states.result })
    let log = RunLog.make(path: folder.log, isQuiet: options.isQuiet)
    let plan = try StudyPlan(file, options.datasets)
    for line in states.leftOut { log.warning("\(line)") }
    try states.write(plan)
    try writeHyperparameters()
    log.info("\(plan.summary)")
    try checkWeights(plan, states)
    let trainer = StudyTrainer(states, file, folder, options, log)
    let isDone =
      try file.branches == nil
      ? train(plan, states, trainer) : trainBranches(plan, states, trainer)
    if let first = states.firstFailure { log.warning("\(first)") }
    return Outcome(
      result: states.result, isStopped: !isDone, teacherViews: trainer.teacherViews,
      problem: trainer.problem)
  }

  /// Looks for all files of weights, since some are needed only when hours have passed, and whether what is
  /// finished learnt from what they hold now.
  private func checkWeights(_ plan: StudyPlan, _ states: StudyStates) throws {
    var checksums: [String: String] = [:]
    for (place, student) in file.students.enumerated() {
      let recipe = student.file.recipe
      let loader = NetworkLoader(recipePath: student.file.path)
      let isFinished = states.result.students[place].state == .finished
      func checksum(_ weights: String?) throws -> String? {
        guard let weights else { return nil }
        let path = try loader.find(weights)
        guard isFinished else { return nil }
        let known = try checksums[path] ?? loader.checksum(weights)
        checksums[path] = known
        return known
      }
      do {
        let teachers = try recipe.shared.teachers.compactMap { try checksum($0.path) }
        let start = try checksum(recipe.student.weights)
        let own = folder.student(student.name)
        guard isFinished, let known = RunResult(path: own.result)?.origin else { continue }
        let origin = StudentTraining.origin(
          student.kind, images: plan.images[place],
          teachers: student.kind == .distillation ? teachers : [], student: start)
        guard known == origin else {
          throw RecipeError(
            "\(own.path) learnt from something else, from other images or weights; remove it to train "
              + "it again")
        }
      } catch {
        throw RecipeError("\(student.name): \(error)")
      }
    }
  }

  /// What TensorBoard has to know of the settings.
  private func writeHyperparameters() throws {
    let axes = file.axes.filter { $0 != "seed" }.map { axis in
      var values: [Hyperparameter] = []
      for student in file.students {
        for (key, value) in student.settings where key == axis {
          let value = Hyperparameter(value)
          if !values.contains(value) { values.append(value) }
        }
      }
      return (name: axis, values: values)
    }
    try HyperparameterSummary.write(
      folder: folder.path, hyperparameters: axes,
      metrics: options.registry.metrics.filter(\.isInTables).map { "validation.\($0.key)" }
        + ["distillLoss"])
  }

  /// - Returns: whether all is done.
  private func train(
    _ plan: StudyPlan, _ states: StudyStates, _ trainer: StudyTrainer
  ) throws -> Bool {
    var running = Set(file.students.indices)
    for end in (file.halving?.steps ?? []) + [.max] {
      for (place, group) in plan.groups.enumerated() {
        let words = plan.words(group: place)
        let students = group.filter {
          running.contains($0) && states.isUnfinished($0, until: end, of: plan.steps[$0])
        }
        guard try students.isEmpty || trainer.train(students, until: end, group: words) else {
          return false
        }
      }
      guard let halving = file.halving, end != .max else { continue }
      let kept = try options.shared {
        try StudyRanking(file, folder).best(
          running, states.result.students, lengths: plan.steps, step: end, share: halving.keep)
      }
      let ended = running.subtracting(kept)
      try states.halve(ended, at: end)
      let names = ended.sorted().map { file.students[$0].name }.joined(separator: " ")
      trainer.log.info(
        "at step \(end), \(ended.count) students are behind and go no further: \(names)")
      running = kept
    }
    return true
  }
}
