/// How a run's networks share the cores. It is settled before the first step and kept in the run's folder, since with
/// another number of threads a student has other bits.
public struct ThreadPlan: Codable, Sendable, Equatable, CustomStringConvertible {
  /// Threads of the student's operators.
  public let student: Int
  /// Threads of each teacher.
  public let teachers: Int
  /// Whether teachers compute the next step's logits while the student learns; else they take turns.
  public let isAhead: Bool

  /// All named; teachers have as many threads as the student where nothing is said.
  public init(student: Int, teachers: Int? = nil, isAhead: Bool = false) {
    (self.student, self.teachers, self.isAhead) = (student, teachers ?? student, isAhead)
  }

  /// Whether a process can have such numbers of threads; those of a file may be anything.
  var isPossible: Bool { [student, teachers].allSatisfy((1...4096).contains) }

  /// Such as `2 threads`, or `1 thread, and on 1 the teachers ahead`.
  public var description: String {
    (student == 1 ? "1 thread" : "\(student) threads")
      + (isAhead ? ", and on \(teachers) the teachers ahead" : "")
  }
}
