import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// An exponential moving average of a network's weights and running statistics: what is evaluated and kept in its place.
///
/// After update n: average ← average + (1 - d) · (weight - average), d = min(decay, (1 + n) / (10 + n)), so that
/// the start is soon forgotten (TensorFlow's `ExponentialMovingAverage` with a number of updates).
public final class AveragedModel {
  /// The network that holds the averages.
  public let model: any Model
  private let decay: Double

  /// Begins with the values of `source`.
  ///
  /// - Parameters:
  ///   - model: a network of the same shape, whose values are overwritten.
  ///   - decay: in (0, 1), such as 0.9999.
  public init(_ model: any Model, of source: any Model, decay: Double) {
    self.model = model
    self.decay = decay
    model.input = source.input
    for (average, parameter) in zip(model.store.all, source.store.all) {
      average.value.copy(from: parameter.value)
    }
  }

  /// Takes in the values of `source` after its update `count`, 1 being the first.
  func update(from source: any Model, count: Int) {
    let kept = min(decay, Double(1 + count) / Double(10 + count))
    for (average, parameter) in zip(model.store.all, source.store.all)
    where parameter.value.requiresGradient || parameter.isUpdated {
      average.value.approach(parameter.value, by: 1 - kept)
    }
  }

  /// The averages, under `average.` and the name of their parameter.
  public var state: [(name: String, tensor: Tensor)] {
    model.store.tensors.map { ("average." + $0.name, $0.tensor) }
  }

  /// Goes on from saved averages.
  ///
  /// - Throws: `TorchError` naming `source` when one is missing or its shape differs.
  public func restore(
    _ saved: [(name: String, tensor: Tensor)], from source: String
  ) throws {
    try model.store.load(
      saved.filter { $0.name.hasPrefix("average.") }
        .map { (name: String($0.name.dropFirst("average.".count)), tensor: $0.tensor) },
      from: source)
  }
}
