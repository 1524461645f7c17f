internal import CTorch

extension Tensor {
  /// Copies values in C order; as many as the shape holds.
  public convenience init<T: Element>(_ values: [T], shape: [Int]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    let handle = values.withUnsafeBytes {
      Tensor.fromBytes($0, shape: shape, dtype: T.dtype)
    }
    self.init(owning: handle)
  }

  /// Copies values into a tensor of one dimension.
  public convenience init<T: Element>(_ values: [T]) {
    self.init(values, shape: [values.count])
  }

  /// Copies the bytes of values in C order, little-endian, `shape` and `dtype` telling how many.
  public convenience init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
    precondition(
      bytes.count == shape.reduce(1, *) * dtype.size, "\(bytes.count) bytes for \(shape) \(dtype)")
    self.init(owning: Tensor.fromBytes(bytes, shape: shape, dtype: dtype))
  }

  /// Has `fill` write the bytes of values in C order, little-endian.
  package convenience init(
    shape: [Int], dtype: DType, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    self.init(owning: Tensor.fromBytes(nothing, shape: shape, dtype: dtype))
    try withMemory(fill)
  }

  private static func fromBytes(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType
  ) -> ct_tensor {
    var result = ct_tensor.absent
    require("copy of \(bytes.count) bytes") {
      ct_from_bytes(
        bytes.baseAddress, shape.int64, Int32(shape.count), dtype.rawValue, &result)
    }
    return result
  }

  /// A tensor filled with one value.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .f32, device: Device = .cpu
  ) -> Tensor {
    make("full \(shape)") {
      ct_full(shape.int64, Int32(shape.count), value, dtype.rawValue, device.handle, $0)
    }
  }

  /// A shape without values, which takes no memory: a tensor on libtorch's device `meta`.
  package static func shapeAlone(_ shape: [Int]) -> Tensor {
    let meta = ct_device(type: Int32(CT_META.rawValue), index: 0)
    return make("a shape without values") {
      ct_full(shape.int64, Int32(shape.count), 0, DType.f32.rawValue, meta, $0)
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .f32, device: Device = .cpu) -> Tensor {
    full(shape, 0, dtype: dtype, device: device)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .f32, device: Device = .cpu) -> Tensor {
    full(shape, 1, dtype: dtype, device: device)
  }

  /// Standard normal values from libtorch's own generator (`Torch.manualSeed`).
  public static func randn(_ shape: [Int], dtype: DType = .f32, device: Device = .cpu) -> Tensor {
    Torch.generator.withLock {
      make("randn \(shape)") {
        ct_randn(shape.int64, Int32(shape.count), dtype.rawValue, device.handle, $0)
      }
    }
  }

  /// Values uniform in [0, 1) from libtorch's own generator (`Torch.manualSeed`).
  public static func rand(_ shape: [Int], dtype: DType = .f32, device: Device = .cpu) -> Tensor {
    Torch.generator.withLock {
      make("rand \(shape)") {
        ct_rand(shape.int64, Int32(shape.count), dtype.rawValue, device.handle, $0)
      }
    }
  }

  /// The values in C order, converted to `T` first where the tensor holds another type.
  public func array<T: Element>(as type: T.Type = T.self) -> [T] {
    // On the CPU, as not every device knows every type.
    let source = dtype == T.dtype ? self : to(.cpu).to(T.dtype)
    let count = source.count
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      source.copy(to: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  /// The values in C order as bytes, little-endian.
  public var bytes: [UInt8] {
    let size = count * dtype.size
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
      copy(
        to: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]))
      initialized = size
    }
  }

  private func copy(to buffer: UnsafeMutableRawBufferPointer) {
    let size = count * dtype.size
    require("copy to memory", [self]) { ct_to_bytes(handle, buffer.baseAddress, size) }
  }

  /// Lends the values of a dense tensor on the CPU where they lie, in C order.
  package func withMemory<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    var start: UnsafeMutableRawPointer?
    require("a look at memory", [self]) { ct_data(handle, &start) }
    return try withExtendedLifetime(self) {
      try body(UnsafeMutableRawBufferPointer(start: start, count: count * dtype.size))
    }
  }

  /// The value of a tensor with one element, as a double.
  public var item: Double {
    precondition(count == 1, "item of a tensor of shape \(shape)")
    return array(as: Double.self)[0]
  }

  /// The same values as another type; shares memory when nothing changes.
  public func to(_ dtype: DType) -> Tensor { to(dtype, device) }

  /// The same values on another device; shares memory when nothing changes.
  public func to(_ device: Device) -> Tensor { to(dtype, device) }

  private func to(_ dtype: DType, _ device: Device) -> Tensor {
    Tensor.make("conversion to \(dtype) on \(device)", [self]) {
      ct_to(handle, dtype.rawValue, device.handle, $0)
    }
  }

  /// The same values in C order in memory.
  public var contiguous: Tensor {
    Tensor.make("contiguous", [self]) { ct_contiguous(handle, Int32(CT_CONTIGUOUS.rawValue), $0) }
  }

  /// The same values of (N, C, H, W) with the channels side by side in memory.
  public var channelsLast: Tensor {
    Tensor.make("channels-last", [self]) {
      ct_contiguous(handle, Int32(CT_CHANNELS_LAST.rawValue), $0)
    }
  }

  /// A copy in memory of its own, still part of the recorded graph.
  public func clone() -> Tensor { Tensor.make("clone", [self]) { ct_clone(handle, $0) } }

  /// The same memory, cut from the recorded graph.
  public func detached() -> Tensor { Tensor.make("detach", [self]) { ct_detach(handle, $0) } }

  /// Overwrites the values in place, converting type and device; not recorded.
  public func copy(from source: Tensor) {
    require("copy", [self, source]) { ct_copy_into(handle, source.handle) }
  }
}
