/// Data sets whose images are shown in fixed shares.
public struct Mixture: Sendable, Equatable {
  /// Where the images of each lie in the data set of all; none is empty.
  public let parts: [Range<Int>]
  /// The share of each, positive; only their ratios count.
  public let weights: [Double]

  /// At least one data set, and as many weights.
  public init(parts: [Range<Int>], weights: [Double]) {
    precondition(!parts.isEmpty && parts.count == weights.count)
    precondition(parts.allSatisfy { !$0.isEmpty } && weights.allSatisfy { $0 > 0 })
    self.parts = parts
    self.weights = weights
  }
}
