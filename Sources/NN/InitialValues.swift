import FunMatchTorch

/// What the parameters of a new network hold.
public struct InitialValues: Sendable {
  private enum Kind {
    case drawn, zeros, none
  }

  private let kind: Kind

  /// What their initializers draw from libtorch's generator (`Torch.manualSeed`).
  public static let drawn = InitialValues(kind: .drawn)
  /// Zeros, as they are about to be loaded.
  public static let zeros = InitialValues(kind: .zeros)
  /// Nothing: the network has names and shapes alone, and takes no memory.
  package static let none = InitialValues(kind: .none)

  /// A parameter's first value.
  func parameter(_ shape: [Int], _ initializer: Initializer) -> Tensor {
    switch kind {
    case .drawn: initializer(shape)
    case .zeros: .zeros(shape)
    case .none: .shapeAlone(shape)
    }
  }

  /// A buffer's first value.
  func buffer(_ shape: [Int], _ initializer: Initializer) -> Tensor {
    // Drawn or not, they are what evaluation divides by.
    kind == .none ? .shapeAlone(shape) : initializer(shape)
  }
}
