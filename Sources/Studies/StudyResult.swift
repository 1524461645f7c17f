import FunMatchFiles

/// The students of a study and how far each is, in `study.json` of its folder, for programs and
/// reports. A student's figures are in its own folder, `students/NAME`, which is that of a run.
public struct StudyResult: Codable, Sendable, Equatable {
  /// How far a student is.
  public enum State: String, Codable, Sendable {
    /// It has steps left.
    case waiting
    /// It made all its steps.
    case finished
    /// It was among the worst when some were to be stopped.
    case halved
    /// Its loss, gradient or weights were no longer finite.
    case failed
  }

  /// One student.
  public struct Student: Codable, Sendable, Equatable {
    /// Its name, which is that of its folder under `students`.
    public let name: String
    /// Its value on each axis as YAML, such as `optimizer.adam.learningRate: 0.003`, `case: funmatch`
    /// and `seed: 0`.
    public let settings: [String: String]
    /// How far it is.
    public var state: State
    /// Updates made, as its last checkpoint knows them.
    public var steps: Int
    /// What was wrong, of one that failed.
    public var failure: String?
  }

  /// The study's name.
  public let name: String
  /// The axes in the order in which the study's file has them, `seed` last: keys of recipes, or `case`.
  public let axes: [String]
  /// All students, in the order of the study's file.
  public var students: [Student]
  /// Views that teachers compute logits of in all steps, if no wave of students needs them again; `nil` where
  /// nobody counted.
  public var teacherViews: Int?
  /// How many single runs would take; `nil` where nobody counted.
  public var teacherViewsAlone: Int?

  /// What is known of a study.
  public init(name: String, axes: [String], students: [Student]) {
    self.name = name
    self.axes = axes
    self.students = students
  }

  /// What was written before; `nil` where there is none or it is damaged.
  public init?(path: String) {
    guard let read = JSONText.read(path, as: StudyResult.self) else { return nil }
    self = read
  }
}
