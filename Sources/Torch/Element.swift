/// A Swift type whose values have the memory layout of a tensor's elements.
public protocol Element: BitwiseCopyable, Sendable {
  /// The element type of tensors made from values of this type.
  static var dtype: DType { get }
}

extension Float: Element {
  /// f32
  public static var dtype: DType { .f32 }
}
extension Double: Element {
  /// f64
  public static var dtype: DType { .f64 }
}
extension Int64: Element {
  /// i64
  public static var dtype: DType { .i64 }
}
extension Int32: Element {
  /// i32
  public static var dtype: DType { .i32 }
}
extension UInt8: Element {
  /// u8
  public static var dtype: DType { .u8 }
}
extension Bool: Element {
  /// bool
  public static var dtype: DType { .bool }
}
