import FunMatchTorch

/// Sizes that flow through a network in place of tensors, and count what it would cost: the
/// multiply-accumulates of convolutions, linear layers and attention. What else a network does (bias,
/// normalisation, activations, pooling) is left out, as is usual.
public struct CostSignal: Signal {
  /// Adds up.
  private final class Counter {
    var total = 0
  }

  private let shape: [Int]
  private let counter: Counter

  private init(_ shape: [Int], _ counter: Counter) {
    self.shape = shape
    self.counter = counter
  }

  /// One image, in pixels.
  public init(height: Int, width: Int) { self.init([1, 3, height, width], Counter()) }

  /// Multiply-accumulates on all ways that lead away from the image so far.
  public var multiplyAccumulates: Int { counter.total }

  private func with(_ shape: [Int], cost: Int = 0) -> CostSignal {
    counter.total += cost
    return CostSignal(shape, counter)
  }

  private func side(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: (Int, Int)) -> Int {
    (size + padding.0 + padding.1 - kernel) / stride + 1
  }

  private func convolved(
    _ weight: Parameter, stride: Int, _ amounts: (Int) -> (before: Int, after: Int)
  ) -> CostSignal {
    let kernel = weight.value.shape[2]
    let sides = shape[2...].map { side($0, kernel, stride, amounts($0)) }
    return with(
      [shape[0], weight.value.shape[0]] + sides, cost: weight.value.count * sides[0] * sides[1])
  }

  /// Counts the kernel once a place.
  public func applying(_ layer: Conv2d, _ mode: Mode) -> CostSignal {
    convolved(layer.weight, stride: layer.stride) {
      layer.padding.amounts($0, kernel: layer.kernel, stride: layer.stride)
    }
  }

  /// Counts the kernel once a place.
  public func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> CostSignal {
    let padding = layer.weight.value.shape[2] / 2
    return convolved(layer.weight, stride: layer.stride) { _ in (padding, padding) }
  }

  /// Counts nothing.
  public func applying(_ layer: GroupNorm, _ mode: Mode) -> CostSignal { self }
  /// Counts nothing.
  public func applying(_ layer: BatchNorm2d, _ mode: Mode) -> CostSignal { self }
  /// Counts nothing.
  public func applying(_ layer: LayerNorm, _ mode: Mode) -> CostSignal { self }

  /// Counts the weight once a row.
  public func applying(_ layer: Linear, _ mode: Mode) -> CostSignal {
    let rows = shape.dropLast().reduce(1, *)
    return with(
      shape.dropLast() + [layer.weight.value.shape[0]], cost: rows * layer.weight.value.count)
  }

  /// Counts nothing.
  public func applying(_ activation: Activation) -> CostSignal { self }

  /// Counts nothing.
  public func maxPooled(kernel: Int, stride: Int, padding: Int, withZeros: Bool) -> CostSignal {
    with(shape[..<2] + shape[2...].map { side($0, kernel, stride, (padding, padding)) })
  }

  /// Counts nothing.
  public func spatialMean(keepsSides: Bool) -> CostSignal {
    with(shape[..<2] + (keepsSides ? [1, 1] : []))
  }

  /// Counts nothing.
  public static func + (a: CostSignal, b: CostSignal) -> CostSignal { a }

  /// Counts nothing.
  public static func * (a: CostSignal, b: CostSignal) -> CostSignal {
    a.with(zip(a.shape, b.shape).map { max($0, $1) })
  }

  /// Counts nothing.
  public func tokens() -> CostSignal { with([shape[0], shape[2] * shape[3], shape[1]]) }

  /// Counts nothing.
  public func prepending(_ token: Parameter) -> CostSignal {
    with([shape[0], shape[1] + 1, shape[2]])
  }

  /// Counts nothing.
  public func adding(_ values: Parameter) -> CostSignal { self }

  /// Counts queries · keys and the weighted sum of values.
  public func attended(heads: Int) -> CostSignal {
    let (tokens, channels) = (shape[1], shape[2] / 3)
    return with([shape[0], tokens, channels], cost: 2 * tokens * tokens * channels)
  }

  /// Counts nothing.
  public func token(_ index: Int) -> CostSignal { with([shape[0], shape[2]]) }

  /// Counts nothing.
  public func tokenMean(from first: Int) -> CostSignal { with([shape[0], shape[2]]) }
}
