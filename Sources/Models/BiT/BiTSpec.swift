import FunMatchTorch

/// The shape of a BiT ResNet-v2, under the names that recipes use.
public struct BiTSpec: Sendable, Equatable {
  /// What comes before the first stage.
  public enum Stem: Sendable, Equatable {
    /// 7×7 stride 2, then 3×3 max-pooling stride 2 padded with -∞: the official `bit_paper` model.
    case official
    /// The same, pooling padded with 0: timm's `resnetv2_*_bit`, and BiT's first TensorFlow
    /// release.
    case timm
    /// 3×3 with this stride (1 or 2) and no pooling, for images of about 32 pixels.
    case small(stride: Int)
  }

  /// Units in each stage.
  public var depth: [Int]
  /// Multiplies all channel counts; 1 is ResNet-50's width.
  public var width: Double
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?
  /// What comes before the first stage; `nil` until the weights tell, official otherwise.
  public var stem: Stem?
  /// Groups of every GroupNorm; must divide all channel counts.
  public var groups: Int
  /// ε of weight standardisation: 1e-10 official, 1e-8 in timm; `nil` until the weights tell.
  public var standardizationEpsilon: Double?

  /// What is left out is open.
  public init(
    depth: [Int], width: Double = 1, classes: Int? = nil, stem: Stem? = nil, groups: Int = 32,
    standardizationEpsilon: Double? = nil
  ) {
    self.depth = depth
    self.width = width
    self.classes = classes
    self.stem = stem
    self.groups = groups
    self.standardizationEpsilon = standardizationEpsilon
  }

  /// Units a stage of the networks that go by a number of layers.
  public static let depths = [
    26: [2, 2, 2, 2], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3],
  ]

  /// The same with what is open taken from the arguments.
  func completed(classes: Int?, stem: Stem, epsilon: Double) -> BiTSpec {
    var spec = self
    spec.classes = spec.classes ?? classes
    spec.stem = spec.stem ?? stem
    spec.standardizationEpsilon = spec.standardizationEpsilon ?? epsilon
    return spec
  }

  /// Channels between the stem and the first stage: 64 × width.
  public var stemChannels: Int { Int((64 * width).rounded()) }

  /// Number of values that a network of this shape has.
  public var parameterCount: Double {
    let stemKernel: Double =
      if case .small = stem ?? .official { 9 } else { 49 }
    var total = 3 * stemKernel * Double(stemChannels)
    var channels = Double(stemChannels)
    for (index, units) in depth.enumerated() {
      let middle = Double(stemChannels) * Double(1 << index)
      for unit in 0..<units {
        let projects = channels != 4 * middle || (index > 0 && unit == 0)
        total += channels * middle + 9 * middle * middle + 4 * middle * middle
        total += 2 * channels + 4 * middle + (projects ? 4 * channels * middle : 0)
        channels = 4 * middle
      }
    }
    return total + 2 * channels + (channels + 1) * Double(classes ?? 0)
  }

  /// - Throws: `TorchError` when a size is out of range or the groups do not divide the channels.
  public func validate() throws {
    guard (1...8).contains(depth.count), depth.allSatisfy({ (1...1000).contains($0) }) else {
      throw TorchError("bit: depth \(depth) must be 26, 50, 101, 152 or a list of 1 to 8 stages")
    }
    guard width > 0, width <= 64, Double(stemChannels) == 64 * width else {
      throw TorchError(
        "bit: width \(width) must be at most 64 and make 64 × width a whole number of channels")
    }
    guard groups > 0, stemChannels.isMultiple(of: groups) else {
      throw TorchError(
        "bit: \(groups) groups do not divide the \(stemChannels) channels of width \(width)")
    }
    try checkClasses()
    guard (standardizationEpsilon ?? 0) >= 0 else {
      throw TorchError("bit: standardizationEpsilon must not be negative")
    }
    guard parameterCount <= 1e10 else {
      throw TorchError(
        "bit: a network of this depth and width has more than 10,000,000,000 parameters")
    }
    if case .small(let stride) = stem, stride != 1, stride != 2 {
      throw TorchError("bit: the small stem's stride is 1 or 2, not \(stride)")
    }
  }
}
