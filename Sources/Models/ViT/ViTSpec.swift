import FunMatchSettings

/// The shape of a vision transformer, under the names that recipes use.
public struct ViTSpec: Settings {
  /// Width, depth and heads.
  public enum Size: String, SettingName {
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
  public enum Pool: String, SettingName {
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

  /// ViT-S/16.
  public init() { self.init(size: .small) }

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

  /// Its keys.
  public static let keys: [Key<ViTSpec>] = [
    Key("size", \.size, "Width, depth and heads.", isRequired: true),
    Key("patch", \.patch, "Side of a patch in pixels; must divide the resolution.", .positive),
    Key(
      "resolution", \.resolution,
      "Side of the square images in pixels, the only ones that the network takes.",
      .within(1...4096)),
    Key(
      "pool", \.pool,
      "What is classified: the class token, or the average of all others; left out: as the weights "
        + "need it, else the token."),
    .classes,
  ]

  /// - Throws: `SettingsError` when patches do not fill an image.
  public func check(at key: String) throws {
    guard resolution.isMultiple(of: patch) else {
      throw SettingsError(
        at: key, "resolution", "\(resolution) pixels must be whole patches of \(patch)")
    }
  }
}
