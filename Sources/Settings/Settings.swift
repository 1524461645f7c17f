/// A map of keys in a recipe or a model file. What each is called, its type, default, range and meaning stand in `keys`;
/// decoding, encoding, checks, documentation and the JSON schema are made of these.
public protocol Settings: SettingValue, Equatable {
  /// Every key at its default. What has none holds something that decoding overwrites.
  init()
  /// The keys, in the order in which they are written.
  static var keys: [Key<Self>] { get }
  /// What decoding begins with: every key at its default, which may depend on another key.
  static func defaults(_ decoder: any Decoder) throws -> Self
  /// Called when all keys that are given are decoded.
  ///
  /// - Throws: `SettingsError` when they do not fit together.
  mutating func didDecode(_ decoder: any Decoder) throws
  /// Checks that keys fit together; each by itself is checked already.
  ///
  /// - Parameter key: the dotted key of the whole, for errors.
  /// - Throws: `SettingsError` naming the key.
  func check(at key: String) throws
}

extension Settings {
  /// Every key at its default.
  public static func defaults(_ decoder: any Decoder) throws -> Self { Self() }

  /// Nothing is left to do.
  public mutating func didDecode(_ decoder: any Decoder) throws {}

  /// Everything fits together.
  public func check(at key: String) throws {}

  /// Decodes the keys that are given; others, and null ones, have their defaults.
  public init(from decoder: any Decoder) throws {
    var value = try Self.defaults(decoder)
    let container = try decoder.container(keyedBy: KeyName.self)
    try Self.keys.decode(&value, container, refusesUnknown: decoder.refusesUnknownKeys)
    try value.didDecode(decoder)
    self = value
  }

  /// Writes every key, null ones too.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: KeyName.self)
    for key in Self.keys { try key.write(self, &container) }
  }

  /// Checks every key, and what is below it.
  ///
  /// - Throws: `SettingsError` naming the first key that is out of range.
  public func validate(at key: String = "") throws {
    for own in Self.keys { try own.check(self, joinedKey(key, own.name)) }
    try check(at: key)
  }

  /// A map of the keys.
  public static func schema(_ registry: Registry) -> Schema { .map(descriptions(registry)) }

  /// The keys as people and editors are told of them.
  public static func descriptions(_ registry: Registry) -> [KeyDescription] {
    keys.descriptions(registry, Self())
  }
}
