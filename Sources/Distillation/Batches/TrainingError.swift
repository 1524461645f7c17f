/// Training cannot start or go on.
public struct TrainingError: Error, CustomStringConvertible, Equatable {
  /// One sentence that says why, and at which step where that matters.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }

  /// A loss that is finite.
  ///
  /// - Throws: what to say of one that is not.
  static func checked(loss: Double, step: Int) throws -> Double {
    guard loss.isFinite else {
      throw TrainingError("the loss is \(loss.isNaN ? "nan" : "\(loss)") at step \(step + 1)")
    }
    return loss
  }
}
