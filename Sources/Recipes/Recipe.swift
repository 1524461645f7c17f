import FunMatchImages
import FunMatchOptimizers
import FunMatchSettings

/// Everything that a run depends on, as its YAML file says it, in two halves. `funmatch recipe` lists the keys, and
/// docs/recipes.md tells more of them.
public struct Recipe: Settings {
  /// What students that train side by side have in common.
  public var shared = SharedRecipe()
  /// What is the student's own.
  public var student = StudentRecipe()

  /// The paper's settings; images, network and length are open.
  public init() {}

  /// The keys of both halves. What convolutions compute in can be said of both at once.
  public static let keys: [Key<Recipe>] = {
    let halves =
      SharedRecipe.keys.map { $0.lifted(\Recipe.shared) }
      + StudentRecipe.keys.map { $0.lifted(\Recipe.student) }
    let precision = Key<Recipe>(
      "precision", \.precision,
      "What convolutions of teachers and student compute in: one format, or {teacher: f32, student: bf16}; f16 and int8 are for teachers alone, and the student's weights stay f32."
    )
    let all = halves.mergingSections()
    let place = all.firstIndex { $0.name == "precision" } ?? all.endIndex
    var keys = all.filter { $0.name != "precision" }
    keys.insert(precision, at: min(place, keys.endIndex))
    return keys
  }()

  private var precision: PrecisionPair {
    get { PrecisionPair(teacher: shared.precision, student: student.precision) }
    set { (shared.precision, student.precision) = (newValue.teacher, newValue.student) }
  }

  /// - Throws: `SettingsError` when the halves do not fit together.
  public func check(at key: String) throws {
    try shared.check(at: key)
    try student.check(at: key)
    let (resolution, largest) = (shared.resolution, 2 * EvaluationPreprocessing.largestSide)
    if let resize = student.resize, !(resolution...largest).contains(resize) {
      throw SettingsError(
        "evaluation.resize",
        "\(resize) must be at least the student's resolution \(resolution) and at most \(largest)")
    }
    if student.schedule.hours != nil, let bank = shared.bank, bank.epochs == nil {
      throw SettingsError(
        "bank",
        "needs epochs where the schedule has hours, since it is not known how many views there will be"
      )
    }
    if student.checkpoints.best, shared.validation == nil {
      throw SettingsError("checkpoints.best", "needs images under data.validation")
    }
  }

  /// Number of updates of the whole run.
  ///
  /// - Parameter imageCount: number of training images.
  /// - Throws: `RecipeError` unless exactly one positive length is given.
  public func totalSteps(imageCount: Int) throws -> Int {
    do {
      return try student.schedule.totalSteps(imageCount: imageCount, batchSize: shared.batchSize)
    } catch {
      throw RecipeError("schedule: \(error)")
    }
  }

  /// The schedule of learning rate and weight decay.
  ///
  /// - Throws: as `totalSteps(imageCount:)` does.
  public func schedule(imageCount: Int) throws -> Schedule {
    student.schedule.schedule(
      total: try totalSteps(imageCount: imageCount), imageCount: imageCount,
      batchSize: shared.batchSize)
  }

  /// How the student's images are prepared for evaluation.
  public var preprocessing: EvaluationPreprocessing {
    EvaluationPreprocessing(
      resize: student.resize ?? EvaluationPreprocessing.usualResize(shared.resolution),
      crop: shared.resolution)
  }
}
