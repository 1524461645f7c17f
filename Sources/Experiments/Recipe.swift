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
  public var teachers: [Teacher]
  /// How several teachers count.
  public var combine: Ensemble.Combination
  /// The network that is trained.
  public var student: Student
  /// How images are shown.
  public var views: ViewPolicy
  /// Whether what the teachers say is kept on disk, and after how long views repeat; `nil`: it is not,
  /// and they never do.
  public var bank: Bank?
  /// What brings the student to the teachers.
  public var distance: Distance
  /// What labels are for.
  public var labels: Labels
  /// How weights are updated.
  public var optimizer: Optimizer
  /// For how long, and how the rate rises and falls.
  public var schedule: Length
  /// Images a step.
  public var batchSize: Int
  /// Most images that the networks are given at a time; `nil`: all of a step.
  public var microBatchSize: Int?
  /// What convolutions compute in.
  public var precision: Precision
  /// Decay of a moving average of the weights, which is evaluated and kept in their place; `nil`:
  /// there is none.
  public var average: Double?
  /// When and how the student is evaluated.
  public var evaluation: Evaluations
  /// When the state is saved.
  public var checkpoints: Checkpoints
  /// Steps between lines of metrics.
  public var logEvery: Int
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
    combine = try keys.value(.combine, or: .distances)
    student = try keys.decode(Student.self, forKey: .student)
    views = try keys.value(.views, or: .funmatch)
    bank = try keys.decodeIfPresent(Bank.self, forKey: .bank)
    distance = try keys.value(.distance, or: .kl(temperature: 1))
    labels = try keys.value(.labels, or: Labels())
    optimizer = try keys.value(.optimizer, or: .adam(AdamConfiguration()))
    schedule = try keys.decode(Length.self, forKey: .schedule)
    batchSize = try keys.value(.batchSize, or: 512)
    microBatchSize = try keys.decodeIfPresent(Int.self, forKey: .microBatchSize)
    precision = try keys.value(.precision, or: .bf16)
    average = try keys.decodeIfPresent(Double.self, forKey: .average)
    evaluation = try keys.value(.evaluation, or: Evaluations())
    checkpoints = try keys.value(.checkpoints, or: Checkpoints())
    logEvery = try keys.value(.logEvery, or: 1)
    seed = try keys.value(.seed, or: 0)
  }
}

extension Recipe {
  private enum CodingKeys: String, CodingKey {
    case data, cache, decoding, onBrokenImage, teachers, combine, student, views, bank, distance
    case labels, optimizer, schedule, batchSize, microBatchSize, precision, average, evaluation,
      checkpoints
    case logEvery, seed
  }

  /// Writes every key, null ones too.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(data, forKey: .data)
    try keys.encode(cache, forKey: .cache)
    try keys.encode(decoding, forKey: .decoding)
    try keys.encode(onBrokenImage, forKey: .onBrokenImage)
    try keys.encode(teachers, forKey: .teachers)
    try keys.encode(combine, forKey: .combine)
    try keys.encode(student, forKey: .student)
    try keys.encode(views, forKey: .views)
    try keys.encode(bank, forKey: .bank)
    try keys.encode(distance, forKey: .distance)
    try keys.encode(labels, forKey: .labels)
    try keys.encode(optimizer, forKey: .optimizer)
    try keys.encode(schedule, forKey: .schedule)
    try keys.encode(batchSize, forKey: .batchSize)
    try keys.encode(microBatchSize, forKey: .microBatchSize)
    try keys.encode(precision, forKey: .precision)
    try keys.encode(average, forKey: .average)
    try keys.encode(evaluation, forKey: .evaluation)
    try keys.encode(checkpoints, forKey: .checkpoints)
    try keys.encode(logEvery, forKey: .logEvery)
    try keys.encode(seed, forKey: .seed)
  }
}

extension KeyedDecodingContainer {
  func value<T: Decodable>(_ key: Key, or fallback: @autoclosure () -> T) throws -> T {
    try decodeIfPresent(T.self, forKey: key) ?? fallback()
  }
}
