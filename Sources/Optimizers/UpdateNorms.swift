/// What an update looked like: Euclidean norms over all parameters of a network together.
public struct UpdateNorms: Sendable, Equatable {
  /// Of the gradient, before it was clipped.
  public var gradient: Double
  /// Of the parameters after the update.
  public var parameters: Double
  /// Of the change that the update made.
  public var update: Double
}
