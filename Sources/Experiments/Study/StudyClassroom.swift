import Foundation
import FunMatchDistillation
import FunMatchTorch
import Logging

/// Trains the students of a group side by side, as many at a time as memory holds.
final class StudyClassroom {
  /// Views that the teachers were asked about in training.
  private(set) var teacherViews = 0
  private let states: StudyStates
  private let file: StudyFile
  private let folder: StudyFolder
  private let options: RunOptions
  /// The study's own log.
  let log: Logger
  /// Why a student could not be trained, of the first such.
  private(set) var problem: ExperimentError?
  /// What the latest group had in common: the next one may have the same teachers.
  private var latest: RunCommon?
  private var group: String?

  init(
    _ states: StudyStates, _ file: StudyFile, _ folder: StudyFolder, _ options: RunOptions,
    _ log: Logger
  ) {
    self.states = states
    self.file = file
    self.folder = folder
    self.options = options
    self.log = log
  }

  /// Trains students that share views and teachers until step `end`, or to their own ends.
  ///
  /// - Parameter group: which group they are, in words, if there are several.
  /// - Returns: false when the user wants to stop before that is done.
  func train(_ students: [Int], until end: Int, group: String?) throws -> Bool {
    self.group = group
    let first = file.students[students[0]]
    // Not both at a time in memory.
    if latest?.serves(first.kind, first.file) == false { latest = nil }
    let common: RunCommon
    do {
      common = try RunCommon(first.kind, first.file, options, after: latest)
    } catch let error as ExperimentError {
      let others = students.count > 1 ? " and \(students.count - 1) others" : ""
      leaveOut(first.name + others, error)
      return true
    }
    latest = common
    var waiting = students[...]
    while !waiting.isEmpty {
      let wave = try wave(from: &waiting, common)
      guard try train(wave, common, until: end) else { return false }
    }
    return true
  }

  /// Students that cannot be trained: the others need not wait until somebody has mended it.
  private func leaveOut(_ name: String, _ error: ExperimentError) {
    problem = problem ?? ExperimentError("\(name): \(error)")
    log.warning("\(name) cannot be trained: \(error); the others go on")
  }

  private typealias Pupil = (student: Int, session: RunSession)

  /// The next students: as many as shall train together, or as memory holds.
  private func wave(from waiting: inout ArraySlice<Int>, _ common: RunCommon) throws -> [Pupil] {
    // Half of it for students; batches, activations and what else runs have the rest.
    let budget = (common.device.freeMemory ?? ProcessMemory.available).map { $0 / 2 }
    var wave: [Pupil] = []
    var bytes = 0
    while let next = waiting.first {
      let latest = wave.last?.session.parts.byteCount ?? 0
      let hasRoom =
        file.together.map { wave.count < $0 } ?? budget.map { bytes + latest <= $0 } ?? true
      guard wave.isEmpty || (hasRoom && wave.count < Self.mostTogether) else { break }
      waiting.removeFirst()
      let student = file.students[next]
      var own = options
      (own.output, own.resume, own.isQuiet) = (folder.student(student.name).path, true, true)
      do {
        let session = try RunSession(common, student.file.recipe, own, of: StudyMember(student))
        wave.append((next, session))
        bytes += session.parts.byteCount
      } catch let error as ExperimentError {
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

  private func train(_ wave: [Pupil], _ common: RunCommon, until end: Int) throws -> Bool {
    for pupil in wave where pupil.session.isComplete && !pupil.session.mustStop {
      guard try finish(pupil) else { return false }
    }
    guard !wave.contains(where: \.session.mustStop) else { return false }
    guard wave.contains(where: { !$0.session.isComplete }) else { return true }
    guard
      let trainer = try common.trainer(
        from: wave.map(\.session.done).min() ?? 0,
        steps: wave.map(\.session.parts.steps).max() ?? 0, log, shouldStop: options.shouldStop)
    else { return false }
    do {
      return try run(trainer, wave, common, until: end)
    } catch {
      // What is wrong with one is no loss for the others. One that failed or is finished saves nothing.
      for pupil in wave where states.result.students[pupil.student].state == .waiting {
        try? pupil.session.suspend()
      }
      throw error
    }
  }

  private func run(
    _ trainer: Trainer, _ wave: [Pupil], _ common: RunCommon, until end: Int
  ) throws -> Bool {
    let board = StudyBoard(
      file, states, group: group, isQuiet: options.isQuiet,
      wave: wave.map { ($0.student, $0.session) })
    var isStopped = false
    try trainer.run(wave.map { $0.session.participant(until: end) }) { progress in
      common.images.report(to: log) { board.clear() }
      var problem: (any Error)?
      for (index, result) in progress.updates {
        do {
          isStopped = try !take(result, of: wave[index], progress, board) || isStopped
        } catch {
          // All have made the step: the others take note of it, too.
          problem = problem ?? error
        }
      }
      if let problem { throw problem }
      isStopped = isStopped || options.shouldStop()
      board.show(progress)
      return !isStopped
    }
    teacherViews += common.live.viewsAsked
    board.clear()
    common.tellViews(log)
    for pupil in wave where states.result.students[pupil.student].state == .waiting {
      try pupil.session.suspend()
      states.advance(pupil.student, to: pupil.session.done)
    }
    try states.write()
    return !isStopped
  }

  /// Takes note of what a step did to a student.
  ///
  /// - Returns: false when the user wants to stop.
  private func take(
    _ result: Result<Learner.Update, TrainingError>, of pupil: Pupil, _ progress: Trainer.Progress,
    _ board: StudyBoard
  ) throws -> Bool {
    switch result {
    case .success(let update):
      try pupil.session.after(progress, update)
      board.note(pupil.student, step: progress.stepsDone, update)
      states.advance(pupil.student, to: progress.stepsDone)
      guard !pupil.session.mustStop else { return false }
      guard pupil.session.isComplete else { return true }
      board.clear()
      return try finish(pupil)
    case .failure(let error):
      board.clear()
      let name = file.students[pupil.student].name
      log.warning("\(name): \(error); the others go on")
      try states.fail(pupil.student, after: progress.stepsDone - 1, "\(error)")
      try pupil.session.fail()
      return true
    }
  }

  /// - Returns: false when the user wants to stop before that is done.
  private func finish(_ pupil: Pupil) throws -> Bool {
    do {
      _ = try pupil.session.finish()
    } catch is CancellationError {
      return false
    }
    pupil.session.forgetCheckpoints()
    try states.finish(pupil.student, steps: pupil.session.done)
    return true
  }
}
