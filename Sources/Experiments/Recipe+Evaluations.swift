import FunMatchImages
import FunMatchModels

extension Recipe {
  /// Evaluation during and after training.
  public struct Evaluations: Codable, Sendable, Equatable {
    /// Steps between evaluations; the last step is always one.
    public var every: Int
    /// Images a forward pass.
    public var batchSize: Int
    /// Short side after resizing, in pixels; `nil`: what the paper uses for the student's
    /// resolution.
    public var resize: Int?
    /// How many training images, always the same and evenly spread, are evaluated beside the
    /// validation images; 0: none.
    public var trainingImages: Int
  }
}

extension Recipe.Evaluations {
  private enum CodingKeys: String, CodingKey {
    case every, batchSize, resize, trainingImages
  }

  /// The defaults.
  public init() {
    every = 1000
    batchSize = 250
    resize = nil
    trainingImages = 1000
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    every = try keys.value(.every, or: every)
    batchSize = try keys.value(.batchSize, or: batchSize)
    resize = try keys.decodeIfPresent(Int.self, forKey: .resize)
    trainingImages = try keys.value(.trainingImages, or: trainingImages)
  }

  /// Writes an absent size as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(every, forKey: .every)
    try keys.encode(batchSize, forKey: .batchSize)
    try keys.encode(resize, forKey: .resize)
    try keys.encode(trainingImages, forKey: .trainingImages)
  }

  func validate(resolution: Int) throws {
    let largest = EvaluationPreprocessing.largestSide
    guard every > 0 else { throw ExperimentError("evaluation.every: \(every) must be positive") }
    guard (1...1 << 20).contains(batchSize) else {
      throw ExperimentError("evaluation.batchSize: \(batchSize) must be between 1 and 1048576")
    }
    if let resize, !(resolution...2 * largest).contains(resize) {
      throw ExperimentError(
        "evaluation.resize: \(resize) must be at least the student's resolution "
          + "\(resolution) and at most \(2 * largest)")
    }
    guard trainingImages >= 0 else {
      throw ExperimentError("evaluation.trainingImages: \(trainingImages) must not be negative")
    }
  }
}
