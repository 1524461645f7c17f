import FunMatchDistillation

/// Which students learn side by side, and what that saves.
public struct StudyPlan: Sendable {
  /// Students, by their place in the study, who share views and teachers; in the study's order.
  let groups: [[Int]]
  /// Updates of each student.
  public let steps: [Int]
  /// Training images of each.
  let images: [Int]
  /// Views that teachers are asked about in all steps, if memory holds all that may train together.
  let teacherViews: Int
  /// How many single runs that keep nothing would ask about.
  let teacherViewsAlone: Int
  private let hasBank: Bool

  /// - Parameter inventsMissing: whether images of data sets that are not here are counted as published.
  /// - Throws: `DatasetError` when they are not here.
  public init(_ file: StudyFile, dataFolder: String?, inventsMissing: Bool = false) throws {
    var counts: [String: Int] = [:]
    var places: [String: [Int]] = [:]
    var groups: [[Int]] = []
    var (images, alone, shared) = ([Int](), [Int](), [Int]())
    steps = try file.students.enumerated().map { place, student in
      let recipe = student.file.recipe
      let common = recipe.common
      let key = try "\(student.kind) \(student.file.path)\n" + RecipeFile.text(common)
      // Numbers are written with fewer digits than they have.
      let group = places[key]?.first {
        file.students[groups[$0][0]].file.recipe.common == common
      }
      if let group {
        groups[group].append(place)
      } else {
        places[key, default: []].append(groups.count)
        groups.append([place])
      }
      let train = recipe.data.train
      let count =
        try counts[train.description]
        ?? Run.imageCount(train, dataFolder: dataFolder, inventsMissing: inventsMissing)
      counts[train.description] = count
      images.append(count)
      let steps = try recipe.steps(imageCount: count)
      // Teachers of fixed policies are asked once anyway.
      let isAsked = student.kind == .distillation && !recipe.views.teacher.isFixed
      alone.append(isAsked ? steps * recipe.batchSize : 0)
      let period = recipe.bankPeriod(imageCount: count) ?? steps
      shared.append(isAsked ? min(steps, period) * recipe.batchSize : 0)
      return steps
    }
    self.groups = groups
    self.images = images
    teacherViewsAlone = alone.reduce(0, +)
    hasBank = file.students.contains { $0.file.recipe.bank != nil }
    // Each wave asks anew, unless what is said is kept.
    teacherViews = groups.reduce(0) { sum, group in
      let isKept = file.students[group[0]].file.recipe.bank != nil
      let together = isKept ? group.count : min(file.together ?? group.count, group.count)
      return stride(from: 0, to: group.count, by: together).reduce(sum) { sum, first in
        sum + (group[first..<min(first + together, group.count)].map { shared[$0] }.max() ?? 0)
      }
    }
  }

  /// One line on what is shared.
  public var summary: String {
    let groupWords = groups.count == 1 ? "1 group" : "\(groups.count) groups"
    return
      "\(Self.students(steps.count)) in \(groupWords) that share views and teachers: \(Comparison.grouped(teacherViews)) "
      + "views to ask teachers about instead of \(Comparison.grouped(teacherViewsAlone)) by single runs\(hasBank ? " without a bank" : "")"
  }

  /// Who learns with whom and for how long, what that saves, and what is not here.
  public func description(_ file: StudyFile) -> [String] {
    var lines: [String] = []
    var missing: [String] = []
    for (place, group) in groups.enumerated() {
      lines.append("group \(place + 1) of \(groups.count): \(Self.students(group.count))")
      for index in group {
        let student = file.students[index]
        lines.append("  \(student.name): \(Comparison.grouped(steps[index])) steps")
        let loader = NetworkLoader(recipePath: student.file.path, inventsMissing: true)
        let recipe = student.file.recipe
        let weights = recipe.teachers.map(\.path) + [recipe.student.weights].compactMap { $0 }
        missing += weights.filter { loader.invents($0) && !missing.contains($0) }
      }
    }
    return lines + [summary] + missing.map { "\($0): is not here yet" }
  }

  private static func students(_ count: Int) -> String {
    count == 1 ? "1 student" : "\(count) students"
  }
}
