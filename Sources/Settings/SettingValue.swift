/// A value that a key can have: it can be read and written, and tells editors what it looks like.
public protocol SettingValue: Codable, Sendable {
  /// What values look like.
  static func schema(_ registry: Registry) -> Schema
  /// Checks what cannot be seen from one key alone.
  ///
  /// - Parameter key: the dotted key that has the value, for errors.
  /// - Throws: `SettingsError` naming the key.
  func validate(at key: String) throws
}

extension SettingValue {
  /// Every value is possible.
  public func validate(at key: String) throws {}
}

extension Int: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .number(isWhole: true) }
}

extension UInt64: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema {
    .number(isWhole: true, limits: ["minimum": 0])
  }
}

extension Double: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .number(isWhole: false) }
}

extension Bool: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .flag }
}

extension String: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .text }
}

extension Array: SettingValue where Element: SettingValue {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .list(Element.schema(registry)) }

  /// Checks what was decoded.
  ///
  /// - Throws: an error naming `key` and the range.
  public func validate(at key: String) throws {
    for (index, element) in enumerated() { try element.validate(at: joinedKey(key, "\(index)")) }
  }
}

/// A value that is one of a few names: an enumeration of text.
public protocol SettingName: SettingValue, CaseIterable, RawRepresentable where RawValue == String {
}

extension SettingName {
  /// What editors complete and check it with (JSON schema).
  public static func schema(_ registry: Registry) -> Schema { .names(allCases.map(\.rawValue)) }

  /// Decodes a name; the error of an unknown one names those that there are.
  public init(from decoder: any Decoder) throws {
    let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = try? decoder.singleValueContainer().decode(String.self),
      let value = Self(rawValue: name)
    else { throw SettingsError.at(decoder.codingPath, "expected one of \(names)") }
    self = value
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
