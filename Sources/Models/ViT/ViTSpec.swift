import FunMatchTorch

/// The shape of a vision transformer, under the names that recipes use.
public struct ViTSpec: Sendable, Equatable {
  /// Width, depth and heads.
  public enum Size: String, Codable, Sendable, CaseIterable {
    case tiny, small, base, large

    /// Channels of a token.
    public var width: Int {
      switch self {
      case .tiny: 192
      case .small: 384
      case .base: 768
      case .large: 1024
      }
    }
    /// Number of blocks.
    public var depth: Int { self == .large ? 24 : 12 }
    /// Heads of attention, of 64 channels each.
    public var heads: Int { width / 64 }
  }

  /// What of the last block's tokens is classified. Either network has a class token.
  public enum Pool: String, Codable, Sendable, CaseIterable {
    /// The class token.
    case token
    /// The mean of all others: timm's `global_pool="avg"`.
    case average
  }

  /// Width, depth and heads.
  public var size: Size
  /// Side of a patch in pixels; must divide the resolution.
  public var patch: Int
  /// Side of the square images in pixels, the only ones that a network takes.
  public var resolution: Int
  /// What is classified; `nil` until the weights tell, the class token otherwise.
  public var pool: Pool?
  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  public var classes: Int?

  /// What is left out is open.
  public init(
    size: Size, patch: Int = 16, resolution: Int = 224, pool: Pool? = nil, classes: Int? = nil
  ) {
    self.size = size
    self.patch = patch
    self.resolution = resolution
    self.pool = pool
    self.classes = classes
  }

  /// Number of tokens, the class token among them.
  public var tokens: Int { (resolution / patch) * (resolution / patch) + 1 }

  /// Number of trainable values.
  public var parameterCount: Double {
    let (width, side) = (Double(size.width), Double(resolution / max(patch, 1)))
    let patches = (3 * Double(patch) * Double(patch) + 1) * width
    let tokens = (side * side + 2) * width
    let blocks = Double(size.depth) * (12 * width + 13) * width
    return patches + tokens + blocks + 2 * width + (width + 1) * Double(classes ?? 0)
  }

  /// - Throws: `TorchError` when a size is out of range or patches do not fill an image.
  public func validate() throws {
    guard (1...4096).contains(resolution), patch > 0, resolution.isMultiple(of: patch) else {
      throw TorchError(
        "vit: resolution \(resolution) must be between 1 and 4096 pixels and whole patches of "
          + "\(patch)")
    }
    try checkClasses()
    guard parameterCount <= 1e10 else {
      throw TorchError("vit: a network of this shape has more than 10,000,000,000 parameters")
    }
  }
}
