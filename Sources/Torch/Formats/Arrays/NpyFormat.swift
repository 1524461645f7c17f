import FunMatchFiles

/// The element type that a `.npy` header names, and the type of the tensor made from it.
struct NpyFormat {
  /// Bytes an element takes in the file.
  let size: Int
  /// `f`, `i`, `u` or `b`.
  private let kind: Character
  private let isBigEndian: Bool

  /// - Parameter descr: NumPy's array-protocol string: byte order, kind, bytes; such as `<f4`.
  init(descr: String, owner: String) throws {
    let code = descr.dropFirst()
    switch code {
    case "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "b1": break
    case "V2":
      throw FileError(
        "\(owner): elements are '\(descr)', which may be bfloat16 but does not say so; "
          + "save them as float32")
    case _ where code.hasPrefix("O"):
      throw FileError("\(owner): holds Python objects, expected numbers; pickles are never read")
    default:
      throw FileError(
        "\(owner): elements are '\(descr)', expected one of f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 b1")
    }
    guard let order = descr.first, let kind = code.first, let size = code.last?.wholeNumberValue,
      order == "<" || order == ">" || (order == "|" && size == 1)
    else {
      throw FileError("\(owner): elements are '\(descr)', expected a byte order < or > first")
    }
    self.size = size
    self.kind = kind
    isBigEndian = order == ">"
  }

  /// The string for a tensor's type, nil for bf16, which NumPy does not have.
  static func code(_ dtype: DType) -> String? {
    switch dtype {
    case .f16: "<f2"
    case .f32: "<f4"
    case .f64: "<f8"
    case .i32: "<i4"
    case .i64: "<i8"
    case .u8: "|u1"
    case .bool: "|b1"
    case .bf16: nil
    }
  }

  /// A tensor in C order; small integers that libtorch lacks are widened to the next type that
  /// holds them.
  func tensor(_ data: [UInt8], shape: [Int], owner: String) throws -> Tensor {
    let data = isBigEndian && size > 1 ? swapped(data) : data
    return try data.withUnsafeBytes { bytes in
      switch (kind, size) {
      case ("f", 2): Tensor(bytes: bytes, shape: shape, dtype: .f16)
      case ("f", 4): Tensor(bytes: bytes, shape: shape, dtype: .f32)
      case ("f", 8): Tensor(bytes: bytes, shape: shape, dtype: .f64)
      case ("i", 1): widened(bytes, from: Int8.self, to: Int32.self, shape)
      case ("i", 2): widened(bytes, from: Int16.self, to: Int32.self, shape)
      case ("i", 4): Tensor(bytes: bytes, shape: shape, dtype: .i32)
      case ("i", 8): Tensor(bytes: bytes, shape: shape, dtype: .i64)
      case ("u", 2): widened(bytes, from: UInt16.self, to: Int32.self, shape)
      case ("u", 4): widened(bytes, from: UInt32.self, to: Int64.self, shape)
      case ("u", _): Tensor(bytes: bytes, shape: shape, dtype: .u8)
      default: try booleans(bytes, shape, owner)
      }
    }
  }

  private func booleans(
    _ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ owner: String
  ) throws -> Tensor {
    try Extent.requireBooleans(bytes, owner)
    return Tensor(bytes: bytes, shape: shape, dtype: .bool)
  }

  private func widened<Stored, Wide>(
    _ bytes: UnsafeRawBufferPointer, from: Stored.Type, to: Wide.Type, _ shape: [Int]
  ) -> Tensor
  where Stored: FixedWidthInteger & BitwiseCopyable, Wide: FixedWidthInteger & Element {
    let values = stride(from: 0, to: bytes.count, by: size).map { offset in
      Wide(bytes.loadUnaligned(fromByteOffset: offset, as: Stored.self))
    }
    return Tensor(values, shape: shape)
  }

  private func swapped(_ data: [UInt8]) -> [UInt8] {
    var data = data
    for start in stride(from: 0, to: data.count, by: size) {
      data[start..<start + size].reverse()
    }
    return data
  }
}
