import FunMatchDatasets
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTensorBoard
import Yams

/// Reads studies: a base recipe and axes of settings, all of which are crossed; the keys are
/// described in docs/studies.md.
public struct StudyFile: Sendable {
  /// One point of the grid.
  public struct Student: Sendable {
    /// Its name and its folder's: at most 120 characters, no `/`, no `.` at the beginning.
    public let name: String
    /// Its value on each axis, in the order of the axes, as YAML.
    public let settings: [(key: String, value: String)]
    /// Its recipe, with all defaults filled in.
    public let file: RecipeFile
    /// What it learns from.
    public var kind: TrainingKind {
      file.recipe.shared.teachers.isEmpty ? .supervision : .distillation
    }
    /// The run as TensorBoard's HParams plugin knows it.
    var session: HyperparameterSession {
      let own = settings.filter { $0.key != "seed" }
      return HyperparameterSession(
        name: name,
        values: Dictionary(
          own.map { ($0.key, Hyperparameter($0.value)) }, uniquingKeysWith: { $1 }),
        group: own.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    }
  }

  /// Where it was read.
  public let path: String
  /// The file's name without what follows its last dot.
  public let name: String
  /// `case` if there are cases, keys of recipes in the order of the file, `seed` if seeds are given.
  public let axes: [String]
  /// All students; the last axis changes first.
  public let students: [Student]
  /// When the worst are stopped; `nil`: never.
  public let halving: Halving?
  /// Lengths that share their beginning; `nil`: every student has one of its own.
  public let branches: Branches?
  /// Most students that train side by side; `nil`: as many as memory holds.
  public let together: Int?

  /// Most students of a study.
  static let mostStudents = 10_000

  /// - Parameters:
  ///   - edits: `KEY=VALUE` for the recipes of all students, as `RecipeFile` takes them. They come
  ///     after the study's own `set`, and cannot change what is an axis.
  ///   - registry: what names are looked up in.
  ///   - imageCount: counts training images; only called where a recipe has a preset, or where halving
  ///     meets a length in epochs.
  /// - Throws: `RecipeError` naming the file and the key.
  public init(
    path: String, edits: [String] = [], registry: Registry = .standard,
    imageCount: (TrainingImages) throws -> Int = { try $0.count(in: DatasetRegistry()) }
  ) throws {
    var counts: [String: Int] = [:]
    func count(_ images: TrainingImages) throws -> Int {
      if let known = counts[images.description] { return known }
      let count = try imageCount(images)
      counts[images.description] = count
      return count
    }
    let keys = try StudyKeys(path: path)
    let axes = try keys.axes()
    let shared = try keys.shared() + edits.map { try RecipeEdit(argument: $0) }
    try keys.check(shared, against: axes)
    self.path = path
    name = keys.name
    self.axes = axes.flatMap(\.keys)
    halving = try keys.halving()
    branches = try keys.branches()
    together = try keys.together()
    students = try Self.students(keys, axes, shared, registry, count)
    for student in students {
      try halving?.checkRecipe(student.file.recipe, student.name, in: path)
    }
    try halving?.checkLengths(
      students.map { student in
        let recipe = student.file.recipe
        return try recipe.totalSteps(
          imageCount: recipe.student.schedule.epochs == nil ? 1 : count(recipe.shared.train))
      }, in: path)
  }

  private static func students(
    _ keys: StudyKeys, _ axes: [StudyAxis], _ shared: [RecipeEdit], _ registry: Registry,
    _ imageCount: (TrainingImages) throws -> Int
  ) throws -> [Student] {
    let base = try keys.base()
    let names = StudyNames(axes, alone: base.name)
    var earlier: [String: String] = [:]
    return try StudyAxis.crossed(axes).map { places in
      let options = zip(axes, places).map { $0.options[$1] }
      let name = names[places]
      let edits = RecipeEdit.ordered(shared + options.flatMap(\.edits))
      let file: RecipeFile
      do {
        let tree = try edits.reduce(base.tree) { try $1.applied(to: $0) }
        file = try RecipeFile(
          tree, path: base.path, name: "", registry: registry, imageCount: imageCount)
      } catch let error as RecipeError {
        throw keys.blame(error.description, edits, student: name)
      }
      guard file.recipe.student.schedule.hours == nil else {
        throw keys.blame(
          "schedule.hours: students of a study train side by side; expected a length in steps, epochs or images",
          edits, student: name)
      }
      if let other = earlier.updateValue(name, forKey: try RecipeFile.text(file.recipe)) {
        throw keys.error("the students '\(other)' and '\(name)' have the very same recipe")
      }
      return Student(
        name: name, settings: zip(axes, options).flatMap { Array(zip($0.keys, $1.values)) },
        file: file)
    }
  }
}
