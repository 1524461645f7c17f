import FunMatchFrozen

/// A way to compute a network.
public struct Computation: Codable, Sendable, Hashable, CustomStringConvertible {
  /// What computes it.
  public let engine: Engine
  /// What its convolutions compute in.
  public let precision: Precision
  /// In int8: SHA-256 of its ranges.
  public var scales: String?

  /// All named.
  public init(engine: Engine, precision: Precision, scales: String? = nil) {
    (self.engine, self.precision, self.scales) = (engine, precision, scales)
  }

  /// Such as `openvino bf16`; ranges of int8 by the beginning of their checksum.
  public var description: String {
    "\(engine) \(precision)" + (scales.map { " \($0.prefix(8))" } ?? "")
  }
}
