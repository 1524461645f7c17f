import FunMatchTorch

extension Recipe {
  /// Number formats that convolutions can compute in; f16 would need its loss scaled.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    case bf16, f32

    /// The engine's type.
    public var dtype: DType {
      switch self {
      case .bf16: .bf16
      case .f32: .f32
      }
    }
  }
}
