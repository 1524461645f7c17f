/// What an update looked like: Euclidean norms over all trained parameters of a network together.
public struct UpdateNorms: Sendable, Equatable {
  /// Of the gradient, before it was clipped.
  public var gradient: Double
  /// Of the parameters after the update.
  public var parameters: Double
  /// Of the change that the update made.
  public var update: Double

  /// All norms named.
  public init(gradient: Double, parameters: Double, update: Double) {
    (self.gradient, self.parameters, self.update) = (gradient, parameters, update)
  }

  /// Adds up what each parameter contributes.
  public struct Squares {
    private var weight = 0.0
    private var update = 0.0

    /// No parameter yet.
    public init() {}

    /// Adds what `WeightUpdate.apply` says of a parameter.
    public mutating func add(_ squares: (weightSquares: Double, updateSquares: Double)) {
      weight += squares.weightSquares
      update += squares.updateSquares
    }

    /// The norms of all parameters together.
    ///
    /// - Parameter gradient: the gradient's, before it was clipped.
    public func norms(gradient: Double) -> UpdateNorms {
      UpdateNorms(
        gradient: gradient, parameters: weight.squareRoot(), update: update.squareRoot())
    }
  }
}
