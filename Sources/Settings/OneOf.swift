/// One of the kinds of a thing, as recipes name it: `{adam: {learningRate: 0.003}}`, or the name alone.
public struct OneOf<Kind: VariantKind>: SettingValue, Equatable {
  /// The one that was named.
  public let value: Kind.Value

  /// A kind that need not be registered.
  ///
  /// - Precondition: it is a `Variant`.
  public init(_ value: Kind.Value) {
    precondition(value is any Variant, "\(value) is no variant")
    self.value = value
  }

  private var variant: any Variant {
    guard let variant = value as? any Variant else { preconditionFailure("no variant") }
    return variant
  }

  /// What it is called in recipes.
  public var name: String { type(of: variant).name }

  /// Decodes the map or the name.
  public init(from decoder: any Decoder) throws {
    let known = decoder.registry.entries(Kind.self).map(Kind.variant)
    let path = decoder.codingPath
    let names = known.map { $0.name }.joined(separator: ", ")
    func found(_ name: String) throws -> any Variant.Type {
      guard let type = known.first(where: { $0.name == name }) else {
        let hint = NearestName.hint(name, among: known.map { $0.name })
        throw SettingsError.at(path, "expected one \(Kind.noun): \(hint)\(names)")
      }
      return type
    }
    func decoded<Own: Variant>(
      _ type: Own.Type, _ keys: KeyedDecodingContainer<KeyName>, _ key: KeyName
    ) throws -> any Variant { try keys.decode(type, forKey: key) }
    func standard<Own: Variant>(_ type: Own.Type) throws -> any Variant {
      if let key = Own.keys.first(where: \.isRequired) {
        throw SettingsError.at(path + [KeyName(type.name), KeyName(key.name)], "is missing")
      }
      return Own()
    }
    let variant: any Variant
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      variant = try standard(found(name))
    } else {
      let keys = try decoder.container(keyedBy: KeyName.self)
      guard keys.allKeys.count == 1, let key = keys.allKeys.first else {
        throw SettingsError.at(path, "expected one \(Kind.noun): \(names)")
      }
      let type = try found(key.stringValue)
      variant = try keys.decodeNil(forKey: key) ? standard(type) : decoded(type, keys, key)
    }
    guard let value = variant as? Kind.Value else {
      preconditionFailure("\(variant) is registered as a \(Kind.noun), which it is not")
    }
    self.value = value
  }

  /// Writes the map.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: KeyName.self)
    try keys.encode(variant, forKey: KeyName(name))
  }

  /// Whether both are the same kind with the same settings.
  public static func == (one: OneOf, other: OneOf) -> Bool {
    func isEqual<Own: Variant>(_ own: Own) -> Bool { own == other.variant as? Own }
    return isEqual(one.variant)
  }

  /// Checks its settings.
  public func validate(at key: String) throws { try variant.validate(at: joinedKey(key, name)) }

  /// A map from each name to its settings, or the name.
  public static func schema(_ registry: Registry) -> Schema {
    .anyOf([.names(registry.entries(Kind.self).map(Kind.name))] + maps(registry))
  }

  /// A map from each name to its settings.
  package static func maps(_ registry: Registry) -> [Schema] {
    registry.entries(Kind.self).map(Kind.variant).map { type in
      .map([
        KeyDescription(
          name: type.name, documentation: type.summary, standard: nil,
          schema: type.schema(registry))
      ])
    }
  }
}
