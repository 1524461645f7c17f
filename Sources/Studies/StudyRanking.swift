import FunMatchDistillation
import FunMatchRecipes
import FunMatchRuns

/// Which settings do best at a step, for halving.
struct StudyRanking {
  private let file: StudyFile
  private let folder: StudyFolder

  init(_ file: StudyFile, _ folder: StudyFolder) {
    self.file = file
    self.folder = folder
  }

  /// The students of the best settings, and those that end before the step. Students that differ in their
  /// seed only are one setting, which counts by its mean top-1 on the validation images, without labels by its
  /// agreement with the teachers; one of them that did not come to the step makes it the worst.
  ///
  /// - Parameters:
  ///   - states: how far each student is, by its place in the study.
  ///   - lengths: updates of each.
  ///   - share: how many of the settings that somebody is left of stay, rounded up, at least one.
  /// - Throws: `RecipeError` when metrics cannot be read.
  func best(
    _ students: Set<Int>, _ states: [StudyResult.Student], lengths: [Int], step: Int, share: Double
  ) throws -> Set<Int> {
    var settings: [(key: String, students: [Int], sum: Double, isLeft: Bool)] = []
    var kept: Set<Int> = []
    for student in students.sorted() {
      if lengths[student] < step {
        kept.insert(student)
        continue
      }
      // What comes behind the step is not known when a study is not interrupted.
      let isThere = states[student].steps >= step
      let value = try isThere ? figure(student, step) : nil
      let key = file.students[student].settings.filter { $0.key != "seed" }
        .map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
      let place = settings.firstIndex { $0.key == key } ?? settings.count
      if place == settings.count { settings.append((key, [], 0, false)) }
      settings[place].students.append(student)
      settings[place].sum += value ?? -.infinity
      settings[place].isLeft = settings[place].isLeft || isThere
    }
    func mean(_ place: Int) -> Double {
      settings[place].sum / Double(settings[place].students.count)
    }
    // Of equal ones the earlier stays.
    let ranked = settings.indices.sorted { (mean($1), $0) < (mean($0), $1) }
    let count = settings.filter(\.isLeft).count
    // 100 x 0.07 is a little more than 7.
    let most = max(1, Int((Double(count) * share - 1e-9).rounded(.up)))
    for place in ranked.prefix(most) { kept.formUnion(settings[place].students) }
    return kept
  }

  /// What a student is ranked by.
  ///
  /// - Throws: `RecipeError` when its metrics do not tell.
  private func figure(_ student: Int, _ step: Int) throws -> Double {
    let path = folder.student(file.students[student].name).metrics
    let evaluations = try RunMetrics(path: path).evaluations
    guard
      let metric = Metric.leading.first(where: { key in evaluations.contains { $0[key] != nil } }),
      let value = evaluations.last(where: { $0.step == step })?[metric]
    else {
      throw RecipeError(
        "\(path): has neither top-1 nor agreement on the validation images after step \(step), which "
          + "students are ranked by")
    }
    return value
  }
}
