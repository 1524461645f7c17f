import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchTensorBoard

/// How far each student of a study is, as its folder tells.
final class StudyStates {
  private(set) var result: StudyResult
  /// What is said of students that the folder has and the study's file has not.
  private(set) var leftOut: [String] = []
  private let file: StudyFile
  private let folder: StudyFolder

  /// - Throws: `RecipeError` when a student's folder holds a run of another recipe, or something is
  ///   damaged.
  init(_ file: StudyFile, _ folder: StudyFolder) throws {
    self.file = file
    self.folder = folder
    let before = StudyResult(path: folder.result)
    guard before != nil || !FileManager.default.fileExists(atPath: folder.result) else {
      throw RecipeError(
        "\(folder.result): is damaged; remove it, and --resume goes on with the students' folders")
    }
    let failures = Dictionary(
      (before?.students ?? []).filter { $0.state == .failed }.map { ($0.name, $0) },
      uniquingKeysWith: { $1 })
    let students = try file.students.map { student in
      var state = StudyResult.Student(
        name: student.name,
        settings: Dictionary(
          student.settings.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
        state: .waiting, steps: 0)
      try Self.read(
        &state, folder.student(student.name), student.file, failure: failures[student.name])
      return state
    }
    result = StudyResult(name: file.name, axes: file.axes, students: students)
    let names = Set(students.map(\.name))
    let others = (before?.students ?? []).filter { !names.contains($0.name) && $0.steps > 0 }
    if let example = others.first {
      leftOut = [
        "\(folder.students) has \(others.count) students that \(file.path) has not, such as "
          + "\(example.name); they are left as they are, and out of the report"
      ]
    }
  }

  /// How far a student's folder says that it is.
  private static func read(
    _ state: inout StudyResult.Student, _ own: RunFolder, _ file: RecipeFile,
    failure: StudyResult.Student?
  ) throws {
    let files = FileManager.default
    let hasResult = files.fileExists(atPath: own.result)
    guard hasResult || files.fileExists(atPath: own.recipe) else { return }
    do {
      try own.check(file, resume: true)
      if hasResult, files.fileExists(atPath: own.student) {
        guard let end = RunResult(path: own.result) else {
          throw RecipeError("\(own.result): is damaged")
        }
        (state.state, state.steps) = (.finished, end.steps)
        // Where it was finished, but not yet tidied up.
        Checkpoint.removeAll(in: own.checkpoints, rule: file.recipe.student.checkpoints)
        return
      }
    } catch let error as RecipeError where hasResult {
      throw RecipeError("\(error); remove \(own.path) to train it again")
    }
    if let failure, (try? own.checkRecipe(file)) != nil {
      // It would fail again: its steps are the same.
      state = failure
    } else if let newest = Checkpoint.newest(in: own.checkpoints) {
      // What was measured of its last step may be still to come.
      let written =
        newest.isPending
        ? try RunMetrics(path: own.metrics).lastStep : newest.step
      state.steps = min(newest.step, max(written, newest.step - 1))
    }
  }

  /// Takes over what another process knows of the same study.
  func take(_ known: StudyResult) { result = known }

  /// Whether a student of `length` steps has something left to do until step `end`.
  func isUnfinished(_ student: Int, until end: Int, of length: Int) -> Bool {
    let state = result.students[student]
    return state.state == .waiting && (state.steps < end || length <= end)
  }

  /// Takes note of a student's steps.
  func advance(_ student: Int, to steps: Int) { result.students[student].steps = steps }

  /// A student has made all its steps.
  func finish(_ student: Int, steps: Int) throws {
    result.students[student].state = .finished
    result.students[student].steps = steps
    try write()
  }

  /// A student cannot go on.
  func fail(_ student: Int, after steps: Int, _ reason: String) throws {
    result.students[student].state = .failed
    result.students[student].steps = steps
    result.students[student].failure = reason
    try write()
  }

  /// Students are not to go on, if they are not finished already.
  func halve(_ students: Set<Int>, at step: Int) throws {
    // One that could not begin has nothing that could be stopped.
    for student in students
    where result.students[student].state == .waiting && result.students[student].steps > 0 {
      result.students[student].state = .halved
      // TensorBoard would take it to be training. A process that does not write may not have its folder.
      let own = folder.student(result.students[student].name).path
      guard FileManager.default.fileExists(atPath: own) else { continue }
      try EventLog(folder: own, keepingThrough: .max).end(success: true)
    }
    try write()
  }

  /// Who failed, in a sentence; `nil` where nobody did.
  var firstFailure: String? {
    let failed = result.students.filter { $0.state == .failed }
    guard let first = failed.first else { return nil }
    let others = failed.count > 1 ? " and \(failed.count - 1) others" : ""
    return "\(first.name)\(others) did not come to an end: \(first.failure ?? "unknown")"
  }

  /// Writes `study.json`, with what the plan tells.
  func write(_ plan: StudyPlan) throws {
    result.teacherViews = plan.teacherViews
    result.teacherViewsAlone = plan.teacherViewsAlone
    try write()
  }

  /// Writes `study.json`.
  func write() throws { try JSONText.write(result, to: folder.result) }
}
