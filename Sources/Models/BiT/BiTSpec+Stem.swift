import FunMatchSettings

/// A stem is a name, or a map where it has a setting: `official`, `timm`, `small` or `{small: {stride: 2}}`.
extension BiTSpec.Stem: SettingValue {
  /// The stem that has a setting.
  private struct Small: Settings {
    var stride = 1

    static let keys: [Key<Small>] = [
      .section(
        "small", "3×3 without pooling, for images of about 32 pixels.",
        [Key("stride", \.stride, "1 or 2.", .within(1...2), isRequired: true)])
    ]
  }

  private static let names = ["official", "timm", "small"]

  /// Decodes the name or the map.
  public init(from decoder: any Decoder) throws {
    guard let name = try? decoder.singleValueContainer().decode(String.self) else {
      self = .small(stride: try Small(from: decoder).stride)
      return
    }
    switch name {
    case "official": self = .official
    case "timm": self = .timm
    case "small": self = .small(stride: Small().stride)
    default:
      throw SettingsError.at(
        decoder.codingPath,
        "'\(name)' is not a stem: \(Self.names.joined(separator: ", ")) or {small: {stride: 2}}")
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    if case .small(let stride) = self {
      try Small(stride: stride).encode(to: encoder)
    } else {
      var value = encoder.singleValueContainer()
      try value.encode(self == .timm ? "timm" : "official")
    }
  }

  /// Checks the stride.
  public func validate(at key: String) throws {
    if case .small(let stride) = self { try Small(stride: stride).validate(at: key) }
  }

  /// A name, or the map.
  public static func schema(_ registry: Registry) -> Schema {
    .anyOf([.names(names), Small.schema(registry)])
  }
}
