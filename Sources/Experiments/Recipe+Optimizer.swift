import FunMatchOptimizers

extension Recipe {
  /// A one-key map, so that others can join.
  public struct Optimizer: Codable, Sendable, Equatable {
    /// Adam's settings.
    public var adam: AdamConfiguration
  }
}
