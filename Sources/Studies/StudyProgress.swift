import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRuns
import Logging

/// Tells on standard error how far all students are, in one table: live on a terminal, else now and then.
final class StudyProgress {
  private struct Row {
    let name: String
    let steps: Int
    var done: Int
    var loss: Double?
  }

  private let live = LiveText()
  private let isQuiet: Bool
  /// Which of several groups it is.
  private let group: String?
  private let states: StudyStates
  private let sessions: [Int: RunSession]
  private var rows: [(student: Int, row: Row)]
  private var begin: (step: Int, time: ContinuousClock.Instant)?
  private var last = ContinuousClock.now
  private var rate = 0.0

  /// The rows of a wave of students.
  ///
  /// - Parameter group: which group they are of, in words, if there are several.
  init(
    _ file: StudyFile, _ states: StudyStates, group: String?, isQuiet: Bool,
    wave: [(student: Int, session: RunSession)]
  ) {
    self.group = group
    self.isQuiet = isQuiet
    self.states = states
    sessions = Dictionary(uniqueKeysWithValues: wave.map { ($0.student, $0.session) })
    rows = wave.map { student, session in
      (
        student,
        Row(
          name: file.students[student].name, steps: session.totalSteps, done: session.done,
          loss: nil)
      )
    }
  }

  /// Takes note of what an update of a student did.
  func note(_ student: Int, step: Int, _ update: Learner.Update) {
    guard let place = rows.firstIndex(where: { $0.student == student }) else { return }
    rows[place].row.done = step
    rows[place].row.loss = update.loss
  }

  /// Shows the table if it was last shown long enough ago.
  func show(_ progress: Trainer.Progress) {
    guard !isQuiet else { return }
    let students = progress.students
    let now = ContinuousClock.now
    let speed = Double(progress.images * students) / max(progress.seconds, 1e-9)
    rate = rate == 0 ? speed : 0.95 * rate + 0.05 * speed
    let begin = self.begin ?? (progress.stepsDone, now)
    self.begin = begin
    guard last.duration(to: now) > .seconds(live.isLive ? 0.5 : 20) else { return }
    last = now
    let end = rows.map(\.row.steps).max() ?? 0
    let elapsed = begin.time.duration(to: now).seconds
    let rest =
      elapsed / Double(max(1, progress.stepsDone - begin.step))
      * Double(end - progress.stepsDone)
    let all = states.result.students
    let states = Dictionary(grouping: all, by: \.state).mapValues(\.count)
    let counts = [
      ("finished", StudyResult.State.finished), ("halved", .halved), ("failed", .failed),
    ]
    .compactMap { word, state in states[state].map { "\($0) \(word)" } }
    let parts =
      [group, "\(students) of \(all.count) students together"].compactMap(\.self) + counts
      + [
        "\(NumberText.grouped(Int(rate))) images/s",
        "\(NumberText.duration(rest)) left" + (group == nil ? "" : " of the group"),
      ]
    live.show([line(parts, separator: ", ")] + table)
  }

  /// Clears the live table, so that other words can be written.
  func clear() { live.clear() }

  private var table: [String] {
    // No more than a screen holds.
    let most = live.isLive ? max(1, live.terminal.size.rows - 3) : 20
    let longest = max(10, rows.prefix(most).map(\.row.name.columns).max() ?? 0)
    let width = live.isLive ? min(longest, max(10, live.columns / 2)) : longest
    var lines = rows.prefix(most).map { student, row in
      let name = row.name.printable.suffix(columns: width).padded(columns: width)
      let note = sessions[student]?.note ?? ""
      let state = states.result.students[student].state
      let parts =
        ["  " + name, "step \(row.done)/\(row.steps)"]
        + (row.loss.map { ["loss \(NumberText.fixed($0, 4))"] } ?? [])
        + note.trimmingCharacters(in: .whitespaces).components(separatedBy: ", ")
        + (state == .waiting ? [] : [state.rawValue])
      return line(parts.filter { !$0.isEmpty }, separator: "  ")
    }
    if rows.count > most { lines.append("  and \(rows.count - most) more") }
    return lines
  }

  /// The parts, of which the last give way where a row of the terminal is shorter.
  private func line(_ parts: [String], separator: String) -> String {
    var line = FieldLine(separator: separator)
    for (rank, part) in parts.enumerated() { line.append(part, rank: rank) }
    return line.text(columns: live.columns)
  }
}
