import Foundation
import FunMatchDistillation
import FunMatchModels

/// A network in a comparison, as `funmatch evaluate` and the end of a run report it.
public struct Contestant: Codable, Sendable, Equatable {
  /// Number of trainable values.
  public let parameters: Int
  /// Multiply-accumulates of an image.
  public let macs: Int
  /// Share of right answers; `nil` without labels.
  public let top1: Double?
  /// Images a second, the network alone.
  public let imagesPerSecond: Double

  /// A network, with the figures of its evaluation.
  public init(
    _ model: any Model, _ preprocessing: Preprocessing, top1: Double?, imagesPerSecond: Double
  ) {
    parameters = model.store.valueCount
    macs = model.multiplyAccumulates(height: preprocessing.crop, width: preprocessing.crop)
    self.top1 = top1
    self.imagesPerSecond = imagesPerSecond
  }
}
