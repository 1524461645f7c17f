import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRuns
import FunMatchStudies

/// All that a report tells: the students, what distinguishes them, and which are best.
struct ReportContents {
  /// A teacher's row: its own figures by the keys of the measures.
  struct TeacherRow: Equatable {
    let name: String
    let values: [String: Double]

    /// A figure; `nil` where it was not measured.
    subscript(_ measure: ReportMeasure) -> Double? { values[measure.key] }
  }

  let title: String
  /// What it is of: a run, a study or several.
  let kind: String
  /// Whether it is of one run.
  let isSingle: Bool
  let students: [ReportStudent]
  /// Whether students have all in common, seeds too, so that only names tell them apart.
  let hasTwins: Bool
  /// Keys of recipes, or `case`, whose values differ.
  let axes: [String]
  /// The best first.
  private(set) var settings: [ReportSetting] = []
  /// What settings are compared by in figures: the first measure that one of them has.
  let result: ReportMeasure?
  let teachers: [TeacherRow]
  /// What tables may have columns of.
  let allMeasures: [ReportMeasure]
  /// Views that a study's teachers computed logits of, and how many single runs would take.
  let sharing: (shared: Int, alone: Int)?

  /// More columns than this say less than names do.
  private static let mostColumns = 6

  /// Reads folders of runs and studies.
  ///
  /// - Throws: `FileError` in one sentence when one is neither, or damaged.
  init(_ paths: [String], metrics: [Metric]) throws {
    allMeasures = ReportMeasure.all(metrics)
    guard !paths.isEmpty else {
      throw FileError("a report needs at least one folder of a run or a study")
    }
    var studies: [StudyResult] = []
    var found: [(place: String, student: ReportStudent, isMember: Bool)] = []
    var places: Set<String> = []
    for path in paths where places.insert(Self.place(path)).inserted {
      let study = StudyFolder(path)
      let files = FileManager.default
      guard files.fileExists(atPath: path) else {
        throw FileError("\(path): no such folder; expected that of a run or a study")
      }
      if files.fileExists(atPath: study.result) {
        guard let read = StudyResult(path: study.result) else {
          throw FileError("\(study.result): is damaged; expected the students of a study")
        }
        studies.append(read)
        for member in read.students {
          let folder = study.student(member.name)
          let student = try ReportStudent(folder, name: member.name, member: member)
          found.append((Self.place(folder.path), student, true))
        }
      } else {
        guard files.fileExists(atPath: RunFolder(path).recipe) else {
          throw FileError(
            "\(path): neither a run nor a study; expected recipe.yaml or study.json in it")
        }
        let student = try ReportStudent(RunFolder(path), name: Self.name(path))
        found.append((Self.place(path), student, false))
      }
    }
    // A study knows more of a student than its folder does.
    let members = Set(found.filter(\.isMember).map(\.place))
    found = found.filter { $0.isMember || !members.contains($0.place) }
    let study = studies.count == 1 && found.allSatisfy(\.isMember) ? studies.first : nil
    var students = found.map(\.student)
    for (place, name) in Self.apart(students.map(\.name)).enumerated() {
      students[place].name = name
    }
    let names = ReportTeacher.names(students.flatMap(\.teachers))
    for place in students.indices { students[place].nameTeachers(by: names) }
    if study == nil { Self.replaceTeacherKeys(&students) }
    self.students = students
    isSingle = students.count == 1 && studies.isEmpty
    kind = isSingle ? "run" : study == nil ? "runs" : "study"
    sharing = study.flatMap { study in
      guard let shared = study.teacherViews, let alone = study.teacherViewsAlone, shared < alone
      else { return nil }
      return (shared, alone)
    }
    title =
      study?.name ?? (isSingle ? students[0].name : "\(students.count) students")
    let axes = study.map { Self.axes($0, students) } ?? Self.differences(students)
    self.axes = axes
    hasTwins = Dictionary(grouping: students) { student in axes.map { student.values[$0] } }
      .values.contains { group in
        let seeds = group.compactMap { $0.values["seed"] }
        return Set(seeds).count < seeds.count
      }
    result = ReportMeasure.telling.first { measure in
      students.contains { measure.value($0) != nil }
    }
    var teachers: [TeacherRow] = []
    let measures = allMeasures
    for student in students {
      guard let name = student.teacherName else { continue }
      let values = measures.compactMap { measure in
        measure.teacher(student).map { (measure.key, $0) }
      }
      let teacher = TeacherRow(
        name: name, values: Dictionary(values, uniquingKeysWith: { $1 }))
      if teacher.values.isEmpty { continue }
      // An unfinished student has not seen the test images.
      if teachers.contains(where: { teacher.isPart(of: $0) }) { continue }
      teachers.removeAll { $0.isPart(of: teacher) }
      teachers.append(teacher)
    }
    self.teachers = teachers
    settings = sorted(grouped())
  }

  /// The folder's own name, wherever it is.
  private static func name(_ path: String) -> String {
    let url = URL(fileURLWithPath: path).standardizedFileURL
    return url.lastPathComponent
  }

  /// Where a folder is, whatever leads there.
  private static func place(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }

  /// Names, numbered where they come again.
  private static func apart(_ names: [String]) -> [String] {
    var (seen, counts) = (Set(names), [String: Int]())
    return names.map { name in
      var (result, count) = (name, (counts[name] ?? 0) + 1)
      if count > 1 {
        while !seen.insert("\(name) (\(count))").inserted { count += 1 }
        result = "\(name) (\(count))"
      }
      counts[name] = count
      return result
    }
  }

  /// Makes one key of all keys of teachers where students have different ones, such as none, unless
  /// names do not tell teachers apart.
  private static func replaceTeacherKeys(_ students: inout [ReportStudent]) {
    let started = students.filter(\.isStarted)
    guard Set(started.map { Set($0.teacherValues.keys) }).count > 1,
      Set(started.map(\.teacherValues)).count == Set(started.map(\.teacherName)).count
    else { return }
    for place in students.indices where students[place].isStarted {
      students[place].replaceTeacherKeys()
    }
  }

  /// Axes of a study on which students differ, seeds aside.
  private static func axes(_ study: StudyResult, _ students: [ReportStudent]) -> [String] {
    study.axes.filter { axis in
      axis != "seed" && Set(students.map { $0.values[axis] }).count > 1
    }
  }

  /// Keys in which recipes differ, but for what shows in no weight, or follows from another key.
  private static func differences(_ students: [ReportStudent]) -> [String] {
    let started = students.filter(\.isStarted)
    let keys = Set(started.flatMap(\.values.keys)).filter { key in
      key != "seed" && key != "cache" && key != "logEvery" && !key.hasPrefix("checkpoints.")
        && Set(started.map { $0.values[key] ?? "none" }).count > 1
    }
    let leaders = ["case", "views.policy"] + lengths
    func isLed(_ key: String, by leader: String) -> Bool {
      guard keys.contains(leader), !leaders.contains(key),
        key.split(separator: ".").first == leader.split(separator: ".").first
      else { return false }
      return follows(key, from: leader, started.map(\.values))
    }
    let kept = keys.filter { key in !leaders.contains { isLed(key, by: $0) } }
    return leaders.filter { kept.contains($0) } + kept.filter { !leaders.contains($0) }.sorted()
  }

  /// Keys that tell how long a run is.
  static let lengths = ["schedule.epochs", "schedule.steps", "schedule.images"]

  /// Whether the value of one key is known from that of another.
  static func follows(_ key: String, from leader: String, _ students: [[String: String]]) -> Bool {
    let groups = Dictionary(grouping: students) { $0[leader] ?? "none" }
    return groups.values.allSatisfy { group in
      Set(group.map { $0[key] ?? "none" }).count == 1
    }
  }

  /// Whether settings are told apart by names, since they differ in too much or in nothing.
  var usesNames: Bool { axes.count > Self.mostColumns || hasTwins }

  /// The shortest end of a key that no other axis has.
  func short(_ axis: String) -> String { Self.short(axis, of: axes) }

  private static func short(_ axis: String, of axes: [String]) -> String {
    let parts = axis.split(separator: ".")
    for count in 1...max(1, parts.count) {
      let end = parts.suffix(count).joined(separator: ".")
      if axes.allSatisfy({ $0 == axis || !("." + $0).hasSuffix("." + end) }) { return end }
    }
    return axis
  }

  /// A setting in words, some axes left out.
  func label(_ student: ReportStudent, without hidden: Set<String> = []) -> String {
    if usesNames { return student.name }
    return Self.label(student.values, axes.filter { !hidden.contains($0) }, of: axes)
  }

  /// Values on some of the axes in words.
  static func label(_ values: [String: String], _ shown: [String], of axes: [String]) -> String {
    let words = shown.map { axis in
      let value = values[axis] ?? "–"
      return ["case", "views.policy"].contains(axis) ? value : "\(short(axis, of: axes)) \(value)"
    }
    return words.isEmpty ? "student" : words.joined(separator: ", ")
  }

  private func grouped() -> [ReportSetting] {
    var order: [[String]] = []
    var groups: [[String]: [ReportStudent]] = [:]
    var counts: [[String]: Int] = [:]
    for student in students {
      var values = axes.map { student.values[$0] ?? "–" }
      // The same seed once more is no other seed, and begins a setting of its own.
      if let seed = student.values["seed"] {
        let count = counts[values + [seed]] ?? 0
        counts[values + [seed]] = count + 1
        values.append("\(count)")
      } else {
        values.append("0")
      }
      if groups[values] == nil { order.append(values) }
      groups[values, default: []].append(student)
    }
    let all = order.compactMap { groups[$0] }
    let names = Self.apart(all.map { ReportSetting.name($0) })
    return zip(all, names).compactMap { group, name in
      guard let first = group.first else { return nil }
      return ReportSetting(
        name: name, label: usesNames ? name : label(first), students: group)
    }
  }

  /// What settings are ranked by, if the images that chose are others than those that are told of.
  var choice: ReportMeasure? { Self.choice(settings) }

  private static func choice(_ settings: [ReportSetting]) -> ReportMeasure? {
    let known = settings.filter { setting in
      ReportMeasure.telling.contains { setting.spread($0) != nil }
    }
    return ReportMeasure.choosing.first { measure in
      !known.isEmpty && known.allSatisfy { $0.spread(measure) != nil }
    }
  }

  /// The best first: those with test figures before those that have others only.
  private func sorted(_ settings: [ReportSetting]) -> [ReportSetting] {
    let choice = Self.choice(settings)
    func rank(_ setting: ReportSetting) -> (Int, Double, Double) {
      for (place, measure) in ReportMeasure.telling.enumerated() {
        guard let told = setting.spread(measure) else { continue }
        let chosen = choice.flatMap(setting.spread) ?? told
        return (place, -chosen.mean, -told.mean)
      }
      return (ReportMeasure.telling.count, 0, 0)
    }
    return settings.enumerated().map { (rank: rank($1), place: $0, setting: $1) }
      .sorted {
        ($0.rank.0, $0.rank.1, $0.rank.2, $0.place) < ($1.rank.0, $1.rank.1, $1.rank.2, $1.place)
      }
      .map(\.setting)
  }

  /// Keys of images that some students were measured on and others were not: their figures do not compare.
  var unequalImages: [String] {
    ["data.test", "data.validation"].filter { key in
      Set(students.filter(\.isStarted).map { $0.values[key] ?? "none" }).count > 1
    }
  }
}

extension ReportContents.TeacherRow {
  fileprivate func isPart(of other: Self) -> Bool {
    name == other.name && values.allSatisfy { other.values[$0.key] == $0.value }
  }
}
