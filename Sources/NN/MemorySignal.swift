import FunMatchTorch

/// Sizes that flow through a network in place of tensors, and count the memory of a pass. A map lives as long as the network
/// holds it, as tensors do; in training it lives on if the backward pass needs it.
///
/// What an operator keeps is libtorch's affair: convolutions and normalisations what goes in, ReLU what comes out, other
/// activations what goes in, pooling also where the largest values were.
public struct MemorySignal: Signal {
  /// A tensor that flows.
  private final class Map {
    let bytes: Int
    private let ledger: Ledger

    init(_ bytes: Int, _ ledger: Ledger) {
      (self.bytes, self.ledger) = (bytes, ledger)
      ledger.live += bytes
      ledger.most = max(ledger.most, ledger.live)
    }

    deinit { ledger.live -= bytes }
  }

  /// What is in memory now, what ever was, and what each operator makes the backward pass do.
  private final class Ledger {
    var live = 0
    var most = 0
    /// Bytes that an operator keeps beyond those before it, and of the gradients of what comes out and goes in.
    var operators: [(kept: Int, gradients: Int)] = []
    private var kept: [ObjectIdentifier: Map] = [:]

    func record(_ isTraining: Bool, keeping maps: [Map], _ input: Int, _ output: Int) {
      guard isTraining else { return }
      var bytes = 0
      for map in maps where kept.updateValue(map, forKey: ObjectIdentifier(map)) == nil {
        bytes += map.bytes
      }
      operators.append((bytes, input + output))
    }

    /// Gradients go from the last operator to the first, each of which gives up what it kept.
    var mostBackward: Int {
      var (kept, most) = (0, 0)
      for operation in operators {
        kept += operation.kept
        most = max(most, kept + operation.gradients)
      }
      return most
    }

    func forget() { kept = [:] }
  }

  private let shape: [Int]
  private let map: Map
  private let ledger: Ledger
  private let mode: Mode

  private init(_ shape: [Int], _ map: Map, _ ledger: Ledger, _ mode: Mode) {
    (self.shape, self.map, self.ledger, self.mode) = (shape, map, ledger, mode)
  }

  /// Bytes of the maps of one image that are in memory at a time, at most, in a pass through `network` in `mode`: forward, and
  /// in training backward, too.
  public static func bytes(
    height: Int, width: Int, _ mode: Mode, _ network: (MemorySignal) -> MemorySignal
  ) -> Int {
    let ledger = Ledger()
    do {
      let shape = [1, 3, height, width]
      let image = Map(shape.reduce(1, *) * mode.precision.size, ledger)
      // Whoever gives a network its images holds them.
      withExtendedLifetime(image) { _ = network(MemorySignal(shape, image, ledger, mode)) }
    }
    let most = max(ledger.most, ledger.mostBackward)
    // Maps that are kept hold the ledger, and it holds them.
    ledger.forget()
    return most
  }

  private func made(
    _ shape: [Int], size: Int? = nil, more: Int = 0, keeping kept: (_ output: Map) -> [Map]
  ) -> MemorySignal {
    let output = Map(shape.reduce(1, *) * (size ?? mode.precision.size), ledger)
    let extra = more > 0 ? [Map(more, ledger)] : []
    ledger.record(mode.isTraining, keeping: kept(output) + extra, map.bytes, output.bytes)
    return MemorySignal(shape, output, ledger, mode)
  }

  /// The same memory under another shape.
  private func seen(_ shape: [Int]) -> MemorySignal { MemorySignal(shape, map, ledger, mode) }

  private func side(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: (Int, Int)) -> Int {
    (size + padding.0 + padding.1 - kernel) / stride + 1
  }

  private func convolved(
    _ weight: Parameter, stride: Int, _ amounts: (Int) -> (before: Int, after: Int)
  ) -> MemorySignal {
    let kernel = weight.value.shape[2]
    let sides = shape[2...].map { side($0, kernel, stride, amounts($0)) }
    return made([shape[0], weight.value.shape[0]] + sides) { _ in [map] }
  }

  /// Keeps what goes in; uneven padding makes a map of its own.
  public func applying(_ layer: Conv2d, _ mode: Mode) -> MemorySignal {
    func amounts(_ size: Int) -> (before: Int, after: Int) {
      layer.padding.amounts(size, kernel: layer.kernel, stride: layer.stride)
    }
    let (rows, columns) = (amounts(shape[2]), amounts(shape[3]))
    if rows == columns && rows.before == rows.after {
      return convolved(layer.weight, stride: layer.stride, amounts)
    }
    let padded = made(
      [
        shape[0], shape[1], shape[2] + rows.before + rows.after,
        shape[3] + columns.before + columns.after,
      ]
    ) { _ in [] }
    return padded.convolved(layer.weight, stride: layer.stride) { _ in (0, 0) }
  }

  /// Keeps what goes in.
  public func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> MemorySignal {
    let padding = layer.weight.value.shape[2] / 2
    return convolved(layer.weight, stride: layer.stride) { _ in (padding, padding) }
  }

  /// Keeps what goes in.
  public func applying(_ layer: GroupNorm, _ mode: Mode) -> MemorySignal {
    made(shape) { _ in [map] }
  }

  /// Keeps what goes in.
  public func applying(_ layer: BatchNorm2d, _ mode: Mode) -> MemorySignal {
    let normalized = made(shape) { _ in [map] }
    switch layer.activation {
    case .hardSigmoid, .gelu: return layer.activation.map(normalized.applying) ?? normalized
    case nil, .relu, .relu6, .hardSwish: return normalized
    }
  }

  /// Keeps what goes in.
  public func applying(_ layer: LayerNorm, _ mode: Mode) -> MemorySignal {
    made(shape) { _ in [map] }
  }

  /// Keeps what goes in.
  public func applying(_ layer: Linear, _ mode: Mode) -> MemorySignal {
    made(shape.dropLast() + [layer.weight.value.shape[0]]) { _ in [map] }
  }

  /// Keeps what comes out of ReLU, and what goes into the others.
  public func applying(_ activation: Activation) -> MemorySignal {
    made(shape) { activation == .relu ? [$0] : [map] }
  }

  /// Keeps what goes in, and where the largest values were: 8 bytes each.
  public func maxPooled(kernel: Int, stride: Int, padding: Int, withZeros: Bool) -> MemorySignal {
    let sides = shape[2...].map { side($0, kernel, stride, (padding, padding)) }
    let shape = shape[..<2] + sides
    return made(Array(shape), more: shape.reduce(1, *) * 8) { _ in [map] }
  }

  /// Keeps nothing.
  public func spatialMean(keepsSides: Bool) -> MemorySignal {
    made(shape[..<2] + (keepsSides ? [1, 1] : []), size: DType.f32.size) { _ in [] }
  }

  /// Keeps nothing.
  public static func + (a: MemorySignal, b: MemorySignal) -> MemorySignal {
    a.made(a.shape) { _ in [] }
  }

  /// Keeps both.
  public static func * (a: MemorySignal, b: MemorySignal) -> MemorySignal {
    a.made(zip(a.shape, b.shape).map { max($0, $1) }) { _ in [a.map, b.map] }
  }

  /// Keeps nothing: channels lie side by side already.
  public func tokens() -> MemorySignal { seen([shape[0], shape[2] * shape[3], shape[1]]) }

  /// Keeps nothing.
  public func prepending(_ token: Parameter) -> MemorySignal {
    made([shape[0], shape[1] + 1, shape[2]]) { _ in [] }
  }

  /// Keeps nothing.
  public func adding(_ values: Parameter) -> MemorySignal { made(shape) { _ in [] } }

  /// Keeps queries, keys, values and what comes out.
  public func attended(heads: Int) -> MemorySignal {
    made([shape[0], shape[1], shape[2] / 3]) { [map, $0] }
  }

  /// Keeps nothing.
  public func token(_ index: Int) -> MemorySignal { seen([shape[0], shape[2]]) }

  /// Keeps nothing.
  public func tokenMean(from first: Int) -> MemorySignal { made([shape[0], shape[2]]) { _ in [] } }
}
