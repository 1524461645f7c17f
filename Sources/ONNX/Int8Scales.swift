/// How a network computes in int8: activations are u8 for each tensor, kernels s8 for each output channel with zero point 0,
/// sums of products 32 bits wide.
public struct Int8Scales: Codable, Sendable, Equatable {
  /// What u8 values stand for: (value - zero) · scale.
  public struct Range: Codable, Sendable, Equatable {
    /// A step; f32, as graphs keep it.
    public let scale: Float
    /// What stands for 0, in 0...255.
    public let zero: Int

    /// Both named.
    public init(scale: Float, zero: Int) { (self.scale, self.zero) = (scale, zero) }
  }

  /// A convolution.
  public struct Layer: Codable, Sendable, Equatable {
    /// What goes in.
    public let input: Range
    /// A step of each output channel's kernel.
    public let kernel: [Float]
    /// What is added to each channel, corrected for what rounding takes away in the mean.
    public let bias: [Float]

    /// All named.
    public init(input: Range, kernel: [Float], bias: [Float]) {
      (self.input, self.kernel, self.bias) = (input, kernel, bias)
    }
  }

  /// Convolutions by the names of their kernels; others compute in float.
  public var layers: [String: Layer] = [:]
  /// Both summands of each sum of feature maps, by its number in a forward pass; others are added in float.
  public var sums: [Int: [Range]] = [:]
  /// Whether all other layers compute in bf16; `nil`: in f32.
  public var othersInBF16: Bool?

  /// Nothing in int8.
  public init() {}
}
