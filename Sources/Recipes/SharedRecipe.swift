import FunMatchDatasets
import FunMatchDistillation
import FunMatchFrozen
import FunMatchImages
import FunMatchSettings
import FunMatchViews

/// The half of a recipe that students which train side by side have in common: images, views and teachers. Code that serves
/// many students takes this half alone. It is the identity of what teachers compute: `BankIdentity`.
public struct SharedRecipe: Settings {
  /// What of the training images is kept in memory from the start of a run on; no view changes.
  public enum Cache: String, SettingName {
    /// Nothing: they are read when they are needed.
    case none
    /// The files as they are.
    case bytes
    /// Decoded pixels.
    case pixels
  }

  /// What is learnt from.
  public var train = TrainingImages.none
  /// Evaluated at intervals.
  public var validation: DatasetReference?
  /// Evaluated once, at the end.
  public var test: DatasetReference?
  /// A file that says which classes of the images are which of the networks', beside the recipe; `nil`: those of the same names.
  public var classMap: String?
  /// What of the training images is kept in memory.
  public var cache = Cache.none
  /// How images are decoded.
  public var decoding = DecodingRecipe()
  /// What is done about images that cannot be read or decoded.
  public var onBrokenImage = BrokenImages.Rule.fail
  /// The teachers; none for supervised training.
  public var teachers: [TeacherRecipe] = []
  /// How several teachers count.
  public var combine = Ensemble.Combination.distances
  /// The students' input size in pixels.
  public var resolution = 0
  /// How images are shown.
  public var views = ViewPolicy.funmatch
  /// Whether the teachers' logits are kept on disk, and after how long views repeat; `nil`: they are not, and views never do.
  public var bank: BankRecipe?
  /// Images a step.
  public var batchSize = 512
  /// Most images that the networks are given at a time; `nil`: all of a step.
  public var microBatchSize: Int?
  /// Images a forward pass of an evaluation.
  public var evaluationBatchSize = 250
  /// How many training images, always the same and evenly spread, are evaluated beside the validation images; 0: none.
  public var evaluatedTrainingImages = 1000
  /// What computes the teachers.
  public var engine = Engine.auto
  /// What the teachers' convolutions compute in.
  public var precision = Precision.auto
  /// Determines initial weights, order, views and mixing.
  public var seed: UInt64 = 0

  /// The paper's settings; images and resolution are open.
  public init() {}

  /// Its keys.
  public static let keys: [Key<SharedRecipe>] = [
    .section(
      "data", "Which images are for what.",
      [
        Key(
          "train", \.train,
          "What is learnt from: one data set, a list, or a map from each to its share.",
          isRequired: true),
        Key("validation", \.validation, "Evaluated every `evaluation.every` steps."),
        Key("test", \.test, "Evaluated once, at the end."),
      ]),
    .section(
      "classes", "Which classes of images are which of networks.",
      [
        Key(
          "map", \.classMap,
          "A YAML file, beside the recipe, from names of the data sets' classes to those of the networks'; null: the same names."
        )
      ]),
    Key(
      "cache", \.cache, "Training images kept in memory: none, bytes (files as they are) or pixels."
    ),
    Key("decoding", \.decoding, "How images are decoded."),
    Key(
      "onBrokenImage", \.onBrokenImage,
      "fail, or skip: the next image takes its place; skipped ones are named and counted."),
    Key("teachers", \.teachers, "One or more; `funmatch train` needs none."),
    Key(
      "combine", \.combine,
      "Of several teachers: the distances to each are added, × weight; or the distance to one is taken, to their mean probabilities or logits."
    ),
    .section(
      "student", "The network that is trained.",
      [
        Key(
          "resolution", \.resolution, "Input size in pixels.",
          .positive(upTo: EvaluationPreprocessing.largestSide), isRequired: true)
      ]),
    Key("views", \.views, "Who sees what of an image."),
    Key(
      "bank", \.bank, "Keeps the teachers' logits of each view on disk; null: they are not kept."),
    Key("batchSize", \.batchSize, "Images a step.", .positive(upTo: 1 << 20)),
    Key(
      "microBatchSize", \.microBatchSize,
      "Most images that the networks are given at a time; null: all. The gradient is that of the whole batch.",
      .positive(upTo: 1 << 20)),
    .section(
      "evaluation", "Evaluation during and after training.",
      [
        Key(
          "batchSize", \.evaluationBatchSize, "Images a forward pass.", .within(1...1 << 20)),
        Key(
          "trainingImages", \.evaluatedTrainingImages,
          "Training images, always the same, that are evaluated beside the others; 0: none.",
          .notNegative),
      ]),
    Key(
      "engine", \.engine,
      "What computes the teachers: openvino, libtorch, or auto: OpenVINO where it is at hand."
    ),
    Key("precision", \.precision, "What the teachers' convolutions compute in."),
    Key("seed", \.seed, "Initial weights, order, views, mixing."),
  ]

  /// - Throws: `SettingsError` when views, bank and teachers do not fit together.
  public func check(at key: String) throws {
    try views.validate(size: resolution)
    guard bank != nil else { return }
    guard !teachers.isEmpty else {
      throw SettingsError("bank", "keeps the teachers' logits, but there are none under 'teachers'")
    }
    guard !views.teacher.isFixed else {
      throw SettingsError(
        "bank",
        "the teachers of views.policy \(views.name) compute their logits of each image once anyway; "
          + "remove it")
    }
  }

  /// Steps after which views, and their mixtures, repeat; `nil`: they never do.
  ///
  /// Whole steps, at least one, to the nearest as the length of a run is.
  ///
  /// - Parameter imageCount: number of training images.
  public func bankPeriod(imageCount: Int) -> Int? {
    guard let epochs = bank?.epochs else { return nil }
    let steps = epochs * Double(imageCount) / Double(batchSize)
    return max(1, Int(min(steps, 1e12).rounded(.toNearestOrEven)))
  }

  /// Most images that the networks are given at a time.
  public var imagesAtOnce: Int { min(microBatchSize ?? batchSize, batchSize) }

  /// Whether teachers that are loaded for one recipe serve another.
  package func hasTeachers(of other: SharedRecipe) -> Bool {
    teachers == other.teachers && combine == other.combine
      && engine == other.engine && precision == other.precision
      && imagesAtOnce == other.imagesAtOnce
  }

  /// Whether the teachers' logits of whole images in one run are those in another.
  package func isEvaluated(like other: SharedRecipe) -> Bool {
    hasTeachers(of: other) && validation == other.validation && test == other.test
      && evaluationBatchSize == other.evaluationBatchSize && decoding == other.decoding
      && onBrokenImage == other.onBrokenImage && classMap == other.classMap
  }
}
