import FunMatchNN

/// The shape of one block of a network for phones: a 1 × 1 convolution to more channels, a
/// depth-wise k × k one, squeeze and excitation, a 1 × 1 convolution to the output; what is not there
/// is `nil`.
struct MobileBlock {
  /// Channels that come in.
  var input: Int
  /// Channels that the first convolution makes; without it the block is depth-wise separable.
  var expanded: Int?
  /// Channels that go out.
  var output: Int
  /// Side of the depth-wise kernel.
  var kernel: Int
  /// Of the depth-wise convolution.
  var stride: Int
  /// Channels between the two layers of squeeze and excitation.
  var squeezed: Int?
  /// What follows all normalisations but the last.
  var activation: Activation

  /// Channels that the depth-wise convolution sees.
  var middle: Int { expanded ?? input }

  /// Whether what comes in is added to what goes out.
  var isResidual: Bool { stride == 1 && input == output }

  /// The multiple of 8 that is nearest to a number of channels, but never less than 90 % of it.
  ///
  /// Source: MobileNet's `make_divisible`.
  static func channels(_ count: Double) -> Int {
    let rounded = max(8, Int(count + 4) / 8 * 8)
    return Double(rounded) < 0.9 * count ? rounded + 8 : rounded
  }
}
