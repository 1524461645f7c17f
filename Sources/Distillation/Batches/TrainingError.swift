/// Training cannot start or go on.
public struct TrainingError: Error, CustomStringConvertible, Equatable {
  /// One sentence that says why, and at which step where that matters.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}
