import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchViews

/// Everything that a run depends on, as its YAML file says it; the keys are described in
/// docs/recipes.md.
///
/// Decoding puts the paper's defaults in place of absent keys. Encoding writes every key, null ones
/// too: the set of written keys is what `RecipeFile` knows a recipe to consist of.
public struct Recipe: Codable, Sendable, Equatable {
  /// The images.
  public var data: Images
  /// What of the training images is kept in memory.
  public var cache: Cache
  /// How images are decoded.
  public var decoding: Decoding
  /// What is done about images that cannot be read or decoded.
  public var onBrokenImage: BrokenImages.Rule
  /// Who is asked; empty for supervised training.
  public var teachers: [Network]
  /// The network that is trained.
  public var student: Network
  /// How images are shown.
  public var views: ViewPolicy
  /// What brings the student to the teachers.
  public var distance: Distance
  /// How weights are updated.
  public var optimizer: Optimizer
  /// For how long, and how the rate rises and falls.
  public var schedule: Length
  /// Images a step.
  public var batchSize: Int
  /// What convolutions compute in.
  public var precision: Precision
  /// When and how the student is evaluated.
  public var evaluation: Evaluations
  /// When the state is saved.
  public var checkpoints: Checkpoints
  /// Determines initial weights, order, views and mixing.
  public var seed: UInt64
}

extension Recipe {
  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    data = try keys.decode(Images.self, forKey: .data)
    cache = try keys.value(.cache, or: .none)
    decoding = try keys.value(.decoding, or: Decoding())
    onBrokenImage = try keys.value(.onBrokenImage, or: .fail)
    teachers = try keys.value(.teachers, or: [])
    student = try keys.decode(Network.self, forKey: .student)
    views = try keys.value(.views, or: .funmatch)
    distance = try keys.value(.distance, or: .kl(temperature: 1))
    optimizer = try keys.value(.optimizer, or: Optimizer(adam: AdamConfiguration()))
    schedule = try keys.decode(Length.self, forKey: .schedule)
    batchSize = try keys.value(.batchSize, or: 512)
    precision = try keys.value(.precision, or: .bf16)
    evaluation = try keys.value(.evaluation, or: Evaluations())
    checkpoints = try keys.value(.checkpoints, or: Checkpoints())
    seed = try keys.value(.seed, or: 0)
  }
}

extension KeyedDecodingContainer {
  func value<T: Decodable>(_ key: Key, or fallback: @autoclosure () -> T) throws -> T {
    try decodeIfPresent(T.self, forKey: key) ?? fallback()
  }
}
