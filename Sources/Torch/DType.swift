/// The type of a tensor's elements.
public enum DType: Int32, Sendable, CaseIterable {
  case f32, bf16, f16, f64, i64, i32, u8, bool

  /// Bytes an element takes.
  public var size: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .bf16, .f16: 2
    case .u8, .bool: 1
    }
  }
}
