import FunMatchTorch

extension Recipe {
  /// Number formats that convolutions can compute in.
  public enum Precision: String, Codable, Sendable {
    case bf16, f16, f32

    /// The engine's type.
    public var dtype: DType {
      switch self {
      case .bf16: .bf16
      case .f16: .f16
      case .f32: .f32
      }
    }
  }
}
