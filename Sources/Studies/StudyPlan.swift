import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns

/// Which students learn side by side, and what that saves.
public struct StudyPlan: Sendable {
  /// Students, by their place in the study, who share views and teachers; in the study's order.
  let groups: [[Int]]
  /// A student that goes on from a state of another one.
  struct Branch: Sendable {
    let student: Int
    let trunk: Int
    /// Updates that they have in common.
    let step: Int
  }

  /// Those that do, by their first own step.
  let branches: [Branch]
  /// The longest of students that differ in their lengths alone.
  struct Trunk: Sendable {
    let student: Int
    /// Updates before it cools down.
    let step: Int
  }

  /// Those that cool down, in the study's order.
  let trunks: [Trunk]
  /// Updates of each student.
  public let steps: [Int]
  /// Training images of each.
  let images: [Int]
  /// Views that teachers compute logits of in all steps, if memory holds all that may train together.
  let teacherViews: Int
  /// How many single runs that keep nothing would take.
  let teacherViewsAlone: Int
  private let hasBank: Bool

  /// - Parameters:
  ///   - datasets: where data sets are looked for.
  ///   - inventsMissing: whether images of data sets that are not here are counted as published.
  /// - Throws: `DatasetError` when they are not here.
  public init(
    _ file: StudyFile, _ datasets: DatasetRegistry, inventsMissing: Bool = false
  ) throws {
    var counts: [String: Int] = [:]
    var groups: [[Int]] = []
    var (images, alone, shared) = ([Int](), [Int](), [Int]())
    steps = try file.students.enumerated().map { place, student in
      let recipe = student.file.recipe.shared
      let group = groups.firstIndex {
        let first = file.students[$0[0]]
        return first.kind == student.kind && first.file.path == student.file.path
          && first.file.recipe.shared == recipe
      }
      if let group { groups[group].append(place) } else { groups.append([place]) }
      let count =
        try counts[recipe.train.description]
        ?? recipe.train.count(in: datasets, inventsMissing: inventsMissing)
      counts[recipe.train.description] = count
      images.append(count)
      let steps = try student.file.recipe.totalSteps(imageCount: count)
      // Teachers of fixed policies compute their logits once anyway.
      let isLive = student.kind == .distillation && !recipe.views.teacher.isFixed
      alone.append(isLive ? steps * recipe.batchSize : 0)
      let period = recipe.bankPeriod(imageCount: count) ?? steps
      shared.append(isLive ? min(steps, period) * recipe.batchSize : 0)
      return steps
    }
    self.groups = groups
    self.images = images
    (branches, trunks) = try file.branches == nil ? ([], []) : Self.branches(file, images)
    teacherViewsAlone = alone.reduce(0, +)
    hasBank = file.students.contains { $0.file.recipe.shared.bank != nil }
    // Each wave needs the logits anew, unless they are kept.
    teacherViews = groups.reduce(0) { sum, group in
      let isKept = file.students[group[0]].file.recipe.shared.bank != nil
      let together = isKept ? group.count : min(file.together ?? group.count, group.count)
      return stride(from: 0, to: group.count, by: together).reduce(sum) { sum, first in
        sum + (group[first..<min(first + together, group.count)].map { shared[$0] }.max() ?? 0)
      }
    }
  }

  /// Who goes on from whom: of students that differ in their schedules alone the shorter ones from the longest.
  ///
  /// - Throws: `RecipeError` when the steps before a cool-down are not those of the longest.
  private static func branches(
    _ file: StudyFile, _ images: [Int]
  ) throws -> ([Branch], [Trunk]) {
    let recipes = file.students.map(\.file.recipe)
    let families = try Dictionary(grouping: recipes.indices) { place in
      var recipe = recipes[place]
      recipe.student.schedule = ScheduleRecipe()
      return try RecipeFile.text(recipe)
    }
    var branches: [Branch] = []
    var trunks: [Trunk] = []
    for family in families.values {
      let schedules = try Dictionary(
        uniqueKeysWithValues: family.map {
          ($0, try recipes[$0].schedule(imageCount: images[$0]))
        })
      func length(_ place: Int) -> Int { schedules[place]?.totalSteps ?? 0 }
      guard let trunk = family.max(by: { length($0) < length($1) }), let whole = schedules[trunk]
      else { continue }
      let constant = whole.totalSteps - whole.cooldownSteps
      if constant > 0, constant < whole.totalSteps {
        trunks.append(Trunk(student: trunk, step: constant))
      }
      for (place, schedule) in schedules where place != trunk {
        let step = schedule.totalSteps - schedule.cooldownSteps
        guard schedule.agrees(with: whole, before: step) else {
          throw RecipeError(
            "\(file.path): branch: the \(step) steps of '\(file.students[place].name)' before its "
              + "cool-down are not those of '\(file.students[trunk].name)'; expected a warm-up in steps "
              + "or epochs, and the longest one's cool-down not before")
        }
        if step > 0 { branches.append(Branch(student: place, trunk: trunk, step: step)) }
      }
    }
    return (
      branches.sorted { ($0.step, $0.student) < ($1.step, $1.student) },
      trunks.sorted { $0.student < $1.student }
    )
  }

  /// One line on what is shared.
  public var summary: String {
    let groupWords = groups.count == 1 ? "1 group" : "\(groups.count) groups"
    let saved = branches.reduce(0) { $0 + $1.step }
    let updates = steps.reduce(0, +)
    let updateWords =
      saved == 0
      ? ""
      : "; students make \(NumberText.grouped(updates - saved)) updates instead of "
        + NumberText.grouped(updates)
    return
      "\(Self.students(steps.count)) in \(groupWords) that share views and teachers: teachers compute "
      + "logits of \(NumberText.grouped(teacherViews)) views instead of "
      + "\(NumberText.grouped(teacherViewsAlone)) by single runs\(hasBank ? " without a bank" : "")"
      + updateWords
  }

  /// Who learns with whom and for how long, what that saves, and what is not here.
  public func description(_ file: StudyFile) -> [String] {
    var lines: [String] = []
    var missing: [String] = []
    var known: [String: Memory] = [:]
    for (place, group) in groups.enumerated() {
      lines.append("group \(place + 1) of \(groups.count): \(Self.students(group.count))")
      if let memory = memory(group, file, &known) { lines.append("  memory: \(memory)") }
      for index in group {
        let student = file.students[index]
        let branch = branches.first { $0.student == index }
        let shared = branch.map {
          ", the first \(NumberText.grouped($0.step)) of them those of \(file.students[$0.trunk].name)"
        }
        lines.append(
          "  \(student.name): \(NumberText.grouped(steps[index])) steps\(shared ?? "")")
        let recipe = student.file.recipe
        let weights =
          recipe.shared.teachers.map(\.path) + [recipe.student.weights].compactMap(\.self)
        let loader = NetworkLoader(recipePath: student.file.path, inventsMissing: true)
        missing += weights.filter { loader.invents($0) && !missing.contains($0) }
      }
    }
    return lines + [summary] + missing.map { "\($0): is not here yet" }
  }

  /// Bytes of a run of a student, and of each student more beside it.
  private typealias Memory = (bytes: Int, each: Int)

  /// What the largest of some students takes, from shapes alone: a study may have ten thousand. `nil` where nobody knows.
  ///
  /// - Parameter known: what those that were looked at take, by what it depends on.
  private func memory(
    _ group: [Int], _ file: StudyFile, _ known: inout [String: Memory]
  ) -> String? {
    var most: Memory?
    for index in group {
      let student = file.students[index]
      var recipe = student.file.recipe
      // Nothing that is drawn takes memory.
      recipe.shared.seed = 0
      recipe.student.schedule = ScheduleRecipe()
      guard let words = try? JSONText.line(recipe) else { continue }
      if known[words] == nil,
        let estimate = try? MemoryEstimate(
          student.kind, recipe,
          NetworkLoader(
            recipePath: student.file.path, registry: student.file.registry, inventsMissing: true),
          RunOptions(output: ""),
          evaluated: recipe.shared.validation == nil ? 0 : recipe.shared.evaluationBatchSize,
          steps: steps[index])
      {
        let resident = ProcessMemory.resident ?? 0
        known[words] = (estimate.bytes(resident: resident), estimate.studentBytes)
      }
      if let memory = known[words], memory.bytes > most?.bytes ?? 0 { most = memory }
    }
    return most.map { most in
      let more = group.count > 1 ? ", and \(NumberText.bytes(most.each)) for each more" : ""
      return "about \(NumberText.bytes(most.bytes)) at most for one\(more)"
    }
  }

  /// Which of several groups it is; `nil` of the only one.
  func words(group place: Int) -> String? {
    groups.count == 1 ? nil : "group \(place + 1) of \(groups.count)"
  }

  private static func students(_ count: Int) -> String {
    count == 1 ? "1 student" : "\(count) students"
  }
}
