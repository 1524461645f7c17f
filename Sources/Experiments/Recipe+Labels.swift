extension Recipe {
  /// What labels are for, if they are for anything.
  public struct Labels: Codable, Sendable, Equatable {
    /// Share of the loss of a distillation that comes from labels, in [0, 1]; the paper's is 0.
    public var alpha: Double
    /// Share of every label that is spread evenly over all classes, in [0, 1).
    public var smoothing: Double
  }
}

extension Recipe.Labels {
  /// The paper's: none.
  public init() {
    alpha = 0
    smoothing = 0
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    alpha = try keys.value(.alpha, or: alpha)
    smoothing = try keys.value(.smoothing, or: smoothing)
  }

  func validate() throws {
    guard (0...1).contains(alpha) else {
      throw ExperimentError("labels.alpha: \(alpha) must be in 0 ... 1")
    }
    guard (0..<1).contains(smoothing) else {
      throw ExperimentError("labels.smoothing: \(smoothing) must be in 0 ..< 1")
    }
  }
}
