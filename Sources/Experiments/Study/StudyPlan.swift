import FunMatchDistillation

/// Which students learn side by side, and what that saves.
public struct StudyPlan: Sendable {
  /// Students, by their place in the study, who share views and teachers; in the study's order.
  let groups: [[Int]]
  /// Updates of each student.
  public let steps: [Int]
  private let views: [Int]

  /// - Parameter inventsMissing: whether images of data sets that are not here are counted as published.
  /// - Throws: `DatasetError` when they are not here.
  public init(_ file: StudyFile, dataFolder: String?, inventsMissing: Bool = false) throws {
    var counts: [String: Int] = [:]
    var places: [String: [Int]] = [:]
    var groups: [[Int]] = []
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
      let images = recipe.data.train
      let count =
        try counts[images.description]
        ?? Run.imageCount(images, dataFolder: dataFolder, inventsMissing: inventsMissing)
      counts[images.description] = count
      return try recipe.steps(imageCount: count)
    }
    self.groups = groups
    // Teachers of fixed policies are asked once anyway.
    views = zip(file.students, steps).map { student, steps in
      let isAsked = student.kind == .distillation && !student.file.recipe.views.teacher.isFixed
      return isAsked ? steps * student.file.recipe.batchSize : 0
    }
  }

  /// Views that teachers are asked about in all steps.
  var teacherViews: Int {
    groups.reduce(0) { sum, group in sum + (group.map { views[$0] }.max() ?? 0) }
  }

  /// How many single runs would ask about.
  var teacherViewsAlone: Int { views.reduce(0, +) }

  /// One line on what is shared.
  public var summary: String {
    let students = steps.count == 1 ? "1 student" : "\(steps.count) students"
    let groupWords = groups.count == 1 ? "1 group" : "\(groups.count) groups"
    return
      "\(students) in \(groupWords) that share views and teachers: \(Comparison.grouped(teacherViews)) "
      + "views to ask teachers about instead of \(Comparison.grouped(teacherViewsAlone)) by single runs"
  }
}
