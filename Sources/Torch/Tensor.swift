internal import CTorch

/// A dense array on a device, whose operators libtorch records for gradients.
///
/// Not `Sendable`: one thread computes. Operators never throw; one that fails (a programmer's shape
/// error, no memory left) ends the program with a sentence.
public final class Tensor {
  let handle: ct_tensor

  /// Takes ownership of `handle`.
  init(owning handle: ct_tensor) { self.handle = handle }

  deinit { ct_free(handle) }

  /// Runs an operator that writes one tensor.
  @inline(__always)
  static func make(
    _ operation: String, _ inputs: @autoclosure () -> [Tensor?] = [],
    _ body: (UnsafeMutablePointer<ct_tensor>) -> Int32
  ) -> Tensor {
    var result = ct_tensor(pointer: nil)
    require(operation, inputs()) { body(&result) }
    return Tensor(owning: result)
  }

  /// Sizes of the dimensions; empty for a scalar.
  public var shape: [Int] { (0..<ct_rank(handle)).map { Int(ct_size(handle, $0)) } }

  /// Number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The elements' type.
  public var dtype: DType {
    guard let dtype = DType(rawValue: ct_dtype_of(handle)) else {
      preconditionFailure("libtorch made a tensor of a type that FunMatch does not know")
    }
    return dtype
  }

  /// Where the elements live.
  public var device: Device { Device(ct_device_of(handle)) }

  /// Whether memory holds an image's channels side by side (NHWC) although the shape reads (N, C,
  /// H, W).
  public var isChannelsLast: Bool { ct_is_channels_last(handle) }
}

extension Tensor: CustomStringConvertible {
  /// Shape, type and device, not the values.
  public var description: String { "Tensor(\(shape), \(dtype), \(device))" }
}

extension ct_tensor {
  static var absent: ct_tensor { ct_tensor(pointer: nil) }
}

extension Optional where Wrapped == Tensor {
  var handle: ct_tensor { self?.handle ?? .absent }
}

extension Array where Element == Int {
  var int64: [Int64] { map(Int64.init) }
}
