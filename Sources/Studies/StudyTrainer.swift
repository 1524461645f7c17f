import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import Logging

/// Trains the students of a group side by side, as many at a time as memory holds.
final class StudyTrainer {
  /// Views that the teachers computed logits of in training.
  private(set) var teacherViews = 0
  private let states: StudyStates
  private let file: StudyFile
  private let folder: StudyFolder
  private let options: RunOptions
  /// The study's own log.
  let log: Logger
  /// Why a student could not be trained, of the first such.
  private(set) var problem: RecipeError?
  /// What the latest group had in common: the next one may have the same teachers.
  private var latest: TrainingGroup?
  /// How cores were shared: all groups share them alike.
  private var latestPlan: ThreadPlan?

  init(
    _ states: StudyStates, _ file: StudyFile, _ folder: StudyFolder, _ options: RunOptions,
    _ log: Logger
  ) {
    (self.states, self.file, self.folder) = (states, file, folder)
    (self.options, self.log) = (options, log)
  }

  /// Trains students that share views and teachers until step `end`, or to their own ends.
  ///
  /// - Parameter words: which group they are, if there are several.
  /// - Returns: false when the user wants to stop before that is done.
  func train(_ students: [Int], until end: Int, group words: String?) throws -> Bool {
    let first = file.students[students[0]]
    let (recipe, path) = (first.file.recipe.shared, first.file.path)
    // Not both at a time in memory.
    if latest?.serves(first.kind, recipe, path: path) == false { latest = nil }
    let group: TrainingGroup
    do {
      var options = options
      options.isStudy = true
      options.chosen = try kept(students)
      options.threadPlan = try latestPlan ?? kept(Array(file.students.indices))?.threads
      group = try TrainingGroup(
        first.kind, recipe, path: path, options, after: latest,
        checking: [first.file.recipe.student])
    } catch let error as RecipeError where options.group == nil {
      let others = students.count > 1 ? " and \(students.count - 1) others" : ""
      leaveOut(first.name + others, error)
      return true
    }
    latest = group
    defer { latestPlan = group.threads ?? latestPlan }
    var waiting = students[...]
    while !waiting.isEmpty {
      let wave = try wave(from: &waiting, group)
      guard try train(wave, group, until: end, words) else { return false }
    }
    return true
  }

  /// What the first of some students that have begun computes with.
  private func kept(_ students: [Int]) throws -> EngineChoice? {
    for place in students {
      let student = file.students[place]
      if let kept = try EngineChoice.kept(
        in: folder.student(student.name), student.kind, options.registry)
      {
        return kept
      }
    }
    return nil
  }

  /// Students that cannot be trained: the others need not wait until somebody has mended it. Where several processes make
  /// the study, the first such student ends it: what they do next would depend on who found it.
  private func leaveOut(_ name: String, _ error: RecipeError) {
    problem = problem ?? RecipeError("\(name): \(error)")
    log.warning("\(name) cannot be trained: \(error); the others go on")
  }

  /// The next students: as many as shall train together, or as memory holds.
  private func wave(
    from waiting: inout ArraySlice<Int>, _ group: TrainingGroup
  ) throws -> [StudyMember] {
    // Half of it for students; batches, activations and what else runs have the rest.
    let budget = try options.shared {
      (group.device.freeMemory ?? ProcessMemory.available).map { $0 / 2 }
    }
    var wave: [StudyMember] = []
    var bytes = 0
    while let next = waiting.first {
      let latest = wave.last?.session.byteCount ?? 0
      let hasRoom =
        file.together.map { wave.count < $0 } ?? budget.map { bytes + latest <= $0 } ?? true
      guard wave.isEmpty || (hasRoom && wave.count < Self.mostTogether) else { break }
      waiting.removeFirst()
      let student = file.students[next]
      var own = options
      (own.output, own.resume, own.isQuiet) = (folder.student(student.name).path, true, true)
      own.session = student.session
      do {
        let session = try RunSession(group, student.file.recipe, own)
        wave.append(StudyMember(next, student.name, session, states, log))
        bytes += session.byteCount
      } catch let error as RecipeError where options.group == nil {
        leaveOut(student.name, error)
      }
    }
    return wave
  }

  /// Most students that this process can have open files of: each has four.
  private static let mostTogether: Int = {
    var limit = rlimit()
    #if os(Linux)
      let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let files = RLIMIT_NOFILE
    #endif
    guard getrlimit(files, &limit) == 0 else { return 200 }
    // What more is allowed costs nothing.
    let before = limit.rlim_cur
    limit.rlim_cur = max(before, min(limit.rlim_max, 10_240))
    if setrlimit(files, &limit) != 0 { limit.rlim_cur = before }
    return max(1, (Int(clamping: limit.rlim_cur) - 64) / 4)
  }()

  private func train(
    _ wave: [StudyMember], _ group: TrainingGroup, until end: Int, _ words: String?
  ) throws -> Bool {
    for member in wave where member.session.isComplete && !member.session.mustStop {
      guard try member.finish() else { return false }
    }
    guard !wave.contains(where: \.session.mustStop) else { return false }
    guard wave.contains(where: { !$0.session.isComplete }) else { return true }
    guard
      let trainer = try group.trainer(
        from: wave.map(\.session.done).min() ?? 0,
        steps: wave.map(\.session.totalSteps).max() ?? 0, log, shouldStop: options.shouldStop)
    else { return false }
    do {
      return try run(trainer, wave, group, until: end, words)
    } catch {
      // What is wrong with one is no loss for the others. One that failed or is finished saves nothing.
      for member in wave where member.isWaiting { try? member.session.suspend() }
      throw error
    }
  }

  private func run(
    _ trainer: Trainer, _ wave: [StudyMember], _ group: TrainingGroup, until end: Int,
    _ words: String?
  ) throws -> Bool {
    let table = StudyProgress(
      file, states, group: words, isQuiet: options.isQuiet,
      wave: wave.map { ($0.student, $0.session) })
    for member in wave {
      member.session.end = end
      member.table = table
      member.willTake = { group.reportBrokenImages(to: self.log) { table.clear() } }
    }
    let isDone = try trainer.run(wave) { progress in
      table.show(progress)
      return !self.options.shouldStop()
    }
    teacherViews += group.teacherViews
    table.clear()
    group.reportViews(to: log)
    for member in wave where member.isWaiting {
      try member.session.suspend()
      states.advance(member.student, to: member.session.done)
    }
    try states.write()
    return isDone
  }
}
