import FunMatchTorch

/// A trainable tensor of a network under its checkpoint name.
public final class Parameter {
  /// What a parameter is for, which decides about weight decay and number format.
  public enum Kind: Sendable {
    /// A convolution's or linear layer's kernel: decays, may be stored in half precision.
    case kernel
    /// A kernel that is standardised before use, with this ε.
    case standardizedKernel(epsilon: Double)
    /// A kernel that stays in single precision: the head's, so that logits keep their resolution.
    case headKernel
    /// A bias, or scale and shift of a normalisation: never decays, always f32.
    case vector
    /// Statistics that training keeps up beside the parameters: never trained, always f32.
    case buffer
  }

  /// timm's name of it, such as `stages.0.blocks.1.conv2.weight`.
  public let name: String
  /// What it is for.
  public let kind: Kind
  /// Its values; convolution kernels are (out, in / groups, kh, kw), as in PyTorch.
  public internal(set) var value: Tensor
  /// Whether `value` holds what the forward pass uses as it is (see `ParameterStore.freeze`).
  public internal(set) var isFrozen = false

  /// Of a frozen kernel, what is added to each channel since the normalisation after it became part of
  /// it.
  package internal(set) var shift: Tensor?
  /// Of a frozen normalisation's scale, whether it became part of the convolution before it.
  package internal(set) var isFolded = false
  /// Whether training changes a buffer (see `ParameterStore.requireGradients`).
  public internal(set) var isUpdated = false

  init(name: String, kind: Kind, value: Tensor) {
    self.name = name
    self.kind = kind
    self.value = value
  }

  /// Whether weight decay applies: to kernels alone, as the official mask `.*/kernel$` says.
  public var decays: Bool {
    switch kind {
    case .kernel, .standardizedKernel, .headKernel: true
    case .vector, .buffer: false
    }
  }
}
