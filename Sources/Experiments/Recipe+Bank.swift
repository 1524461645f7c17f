import FunMatchDistillation

extension Recipe {
  /// What the teachers say of each batch, kept on disk for later runs, and for later passes over the
  /// same views.
  public struct Bank: Sendable, Equatable {
    /// Passes over the training images after which views, and their mixtures, repeat; `nil`: they
    /// never do.
    public var epochs: Double?
    /// What logits are stored in.
    public var precision: LogitBank.Precision

    /// All named.
    public init(epochs: Double? = nil, precision: LogitBank.Precision = .f16) {
      self.epochs = epochs
      self.precision = precision
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
}

extension Recipe.Bank: Codable {
  private enum CodingKeys: String, CodingKey {
    case epochs, precision
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    epochs = try keys.decodeIfPresent(Double.self, forKey: .epochs)
    precision = try keys.value(.precision, or: .f16)
  }

  /// Writes an absent number of epochs as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(epochs, forKey: .epochs)
    try keys.encode(precision, forKey: .precision)
  }

  func validate(_ recipe: Recipe) throws {
    if let epochs, !(epochs > 0 && epochs.isFinite) {
      throw ExperimentError("bank.epochs: \(epochs) must be positive")
    }
    guard !recipe.teachers.isEmpty else {
      throw ExperimentError("bank: keeps what teachers say, but there are none under 'teachers'")
    }
    guard !recipe.views.teacher.isFixed else {
      throw ExperimentError(
        "bank: the teachers of views.policy \(recipe.views.name) are asked about each image once "
          + "anyway; remove it")
    }
  }
}
