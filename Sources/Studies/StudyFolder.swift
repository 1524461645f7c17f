import FunMatchRuns

/// The folder of a study and the names in it.
public struct StudyFolder: Sendable {
  /// The folder itself.
  public let path: String
  /// The students, their settings and how far each is.
  public var result: String { "\(path)/\(RunFolder.studyResult)" }
  /// What was said, with times.
  public var log: String { path + "/log.txt" }
  /// The students' own folders.
  public var students: String { path + "/students" }
  /// The page of tables and figures.
  public var report: String { path + "/report" }

  /// A folder that need not exist yet.
  public init(_ path: String) { self.path = path }

  /// The folder of a student, which is that of a run.
  public func student(_ name: String) -> RunFolder { RunFolder("\(students)/\(name)") }

  /// Where the longest of some lengths began to cool down, which longer ones go on from: a run that has made the steps until
  /// then. It lies in the student's own folder and goes with it.
  public func trunk(_ name: String) -> RunFolder { RunFolder("\(students)/\(name)/trunk") }
}
