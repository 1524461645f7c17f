/// The numbers of a report for programs: `results.json` beside its page.
public struct ReportResults: Codable, Sendable, Equatable {
  /// A figure over seeds.
  public struct Mean: Codable, Sendable, Equatable {
    /// The mean.
    public let mean: Double
    /// Sample standard deviation; `nil` of one value.
    public let deviation: Double?
    /// Number of values.
    public let count: Int
  }

  /// Students that differ in nothing but their seeds.
  public struct Setting: Codable, Sendable, Equatable {
    /// What its students have in common in their names.
    public let name: String
    /// Its value on each axis.
    public let values: [String: String]
    /// Its figures: `test.top1`, `test.agreement`, `test.kl` and the same of `validation`, as fractions
    /// and nats.
    public let figures: [String: Mean]
  }

  /// A student.
  public struct Student: Codable, Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its value on each axis.
    public let values: [String: String]
    /// Its seed.
    public let seed: String?
    /// How far it is: `finished`, `unfinished`, `waiting`, `stopped early`, `failed`.
    public let state: String
    /// Updates made.
    public let steps: Int
    /// Its figures, as those of settings.
    public let figures: [String: Double]
  }

  /// What the report is of.
  public let name: String
  /// Keys of recipes, or `case`, whose values differ.
  public let axes: [String]
  /// The teachers' own figures, such as `test.top1`, by their names.
  public let teachers: [String: [String: Double]]
  /// The best first.
  public let settings: [Setting]
  /// In the order of the study's file.
  public let students: [Student]

  init(_ contents: ReportContents) {
    name = contents.title
    axes = contents.axes
    func values(_ student: ReportStudent) -> [String: String] {
      Dictionary(
        contents.axes.compactMap { axis in student.values[axis].map { (axis, $0) } },
        uniquingKeysWith: { $1 })
    }
    teachers = Dictionary(
      contents.teachers.map { ($0.name, $0.values) }, uniquingKeysWith: { $1 })
    settings = contents.settings.map { setting in
      let figures = contents.allMeasures.compactMap { measure in
        setting.spread(measure).map { spread in
          (
            measure.key,
            Mean(mean: spread.mean, deviation: spread.deviation, count: spread.count)
          )
        }
      }
      return Setting(
        name: setting.name, values: setting.students.first.map(values) ?? [:],
        figures: Dictionary(figures, uniquingKeysWith: { $1 }))
    }
    students = contents.students.map { student in
      let figures = contents.allMeasures.compactMap { measure in
        measure.value(student).map { (measure.key, $0) }
      }
      return Student(
        name: student.name, values: values(student), seed: student.values["seed"],
        state: student.state.rawValue, steps: student.steps,
        figures: Dictionary(figures, uniquingKeysWith: { $1 }))
    }
  }
}
