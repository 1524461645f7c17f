import FunMatchDatasets

extension Recipe {
  /// Which images are for what.
  public struct Images: Codable, Sendable, Equatable {
    /// What is learnt from.
    public var train: TrainingImages
    /// Evaluated at intervals.
    public var validation: DatasetReference?
    /// Evaluated once, at the end.
    public var test: DatasetReference?
  }
}

extension Recipe.Images {
  /// Writes absent splits as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(train, forKey: .train)
    try keys.encode(validation, forKey: .validation)
    try keys.encode(test, forKey: .test)
  }
}
