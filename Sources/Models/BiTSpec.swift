import FunMatchTorch

/// The shape of a BiT ResNet-v2, under the names that recipes use.
public struct BiTSpec: Codable, Sendable, Equatable {
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
  /// What comes before the first stage.
  public var stem: Stem
  /// Groups of every GroupNorm; must divide all channel counts.
  public var groups: Int
  /// ε of weight standardisation: 1e-10 official, 1e-8 in timm.
  public var standardizationEpsilon: Double

  /// Official settings where nothing else is said.
  public init(
    depth: [Int], width: Double = 1, classes: Int? = nil, stem: Stem = .official, groups: Int = 32,
    standardizationEpsilon: Double = 1e-10
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

  /// Channels between the stem and the first stage: 64 × width.
  public var stemChannels: Int { Int((64 * width).rounded()) }

  /// - Throws: `TorchError` when a size is out of range or the groups do not divide the channels.
  public func validate() throws {
    guard (1...8).contains(depth.count), depth.allSatisfy({ (1...1000).contains($0) }) else {
      throw TorchError("bit: depth \(depth) must be 26, 50, 101, 152 or a list of 1 to 8 stages")
    }
    guard width > 0, width <= 64, Double(stemChannels) == 64 * width else {
      throw TorchError("bit: width \(width) must make 64 × width a whole number of channels")
    }
    guard groups > 0, stemChannels.isMultiple(of: groups) else {
      throw TorchError(
        "bit: \(groups) groups do not divide the \(stemChannels) channels of width \(width)")
    }
    guard (1...1_000_000).contains(classes ?? 1) else {
      throw TorchError("bit: classes \(classes ?? 0) must be at least 1")
    }
    guard standardizationEpsilon >= 0 else {
      throw TorchError("bit: standardizationEpsilon must not be negative")
    }
    if case .small(let stride) = stem, stride != 1, stride != 2 {
      throw TorchError("bit: the small stem's stride is 1 or 2, not \(stride)")
    }
  }
}
