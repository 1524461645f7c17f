/// One key of a map: its name, type, default, range and meaning, in one place.
///
/// The default is what `Root()` has.
public struct Key<Root: Sendable>: Sendable {
  typealias Container = KeyedDecodingContainer<KeyName>

  /// Its name.
  public let name: String
  /// What it means.
  let documentation: String
  /// Whether there is no default.
  let isRequired: Bool
  /// Of the keys that share this word at most one is given; the defaults of the others then do not count.
  package let group: String?
  /// Keys below it that belong to `Root`, too; `nil` of a key with a value.
  let section: [Key<Root>]?
  let read: @Sendable (inout Root, Container, Set<String>) throws -> Void
  let write: @Sendable (Root, inout KeyedEncodingContainer<KeyName>) throws -> Void
  let check: @Sendable (Root, String) throws -> Void
  let schema: @Sendable (Registry) -> Schema
  let standard: @Sendable (Root) -> String

  /// A key with a value.
  ///
  /// - Parameters:
  ///   - limits: which values are possible.
  ///   - isRequired: whether it has no default.
  public init<Value: SettingValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ documentation: String,
    _ limits: Limits<Value>? = nil, isRequired: Bool = false
  ) {
    self.init(
      name, documentation, isRequired: isRequired,
      read: { root, container, given in
        if isRequired || given.contains(name) {
          root[keyPath: path] = try container.decode(Value.self, forKey: KeyName(name))
        }
      }, write: { try $1.encode($0[keyPath: path], forKey: KeyName(name)) },
      check: { try Self.check($0[keyPath: path], limits, at: $1) },
      schema: { Value.schema($0).limited(by: limits?.schema ?? [:]) },
      standard: { KeyDescription.text($0[keyPath: path]) })
  }

  /// A key whose value may be absent.
  ///
  /// - Parameters:
  ///   - group: of the keys with this word at most one may be given; a default of another one does not count then.
  public init<Value: SettingValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ documentation: String,
    _ limits: Limits<Value>? = nil, group: String? = nil
  ) {
    self.init(
      name, documentation, group: group,
      read: { root, container, given in
        if given.contains(name) {
          root[keyPath: path] = try container.decode(Value.self, forKey: KeyName(name))
        } else if group.map({ given.contains("group:" + $0) }) == true {
          root[keyPath: path] = nil
        }
      }, write: { try $1.encode($0[keyPath: path], forKey: KeyName(name)) },
      check: { root, key in
        if let value = root[keyPath: path] { try Self.check(value, limits, at: key) }
      },
      schema: { .anyOf([Value.schema($0).limited(by: limits?.schema ?? [:]), .null]) },
      standard: { KeyDescription.text($0[keyPath: path]) })
  }

  /// A key whose value can be written in another, shorter way.
  ///
  /// - Parameters:
  ///   - limits: which values are possible.
  ///   - short: the other way to write it.
  ///   - value: what is meant by that; throws `SettingsError`, which need not name the key, where it is nothing.
  ///   - written: the short way of a value that is written so; `nil` where it has none.
  public init<Value: SettingValue, Short: SettingValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ documentation: String,
    _ limits: Limits<Value>? = nil, or short: Short.Type, isRequired: Bool = false,
    value: @escaping @Sendable (Short) throws -> Value,
    written: @escaping @Sendable (Value) -> Short? = { _ in nil }
  ) {
    let key = KeyName(name)
    self.init(
      name, documentation, isRequired: isRequired,
      read: { root, container, given in
        guard isRequired || given.contains(name) else { return }
        if let short = try? container.decode(Short.self, forKey: key) {
          do {
            root[keyPath: path] = try value(short)
          } catch let error as SettingsError where error.key.isEmpty {
            throw SettingsError.at(container.codingPath + [key], error.reason)
          }
        } else {
          root[keyPath: path] = try container.decode(Value.self, forKey: key)
        }
      },
      write: { root, container in
        if let short = written(root[keyPath: path]) {
          try container.encode(short, forKey: key)
        } else {
          try container.encode(root[keyPath: path], forKey: key)
        }
      }, check: { try Self.check($0[keyPath: path], limits, at: $1) },
      schema: { .anyOf([Short.schema($0), Value.schema($0)]) },
      standard: { root in
        written(root[keyPath: path]).map { KeyDescription.text($0) }
          ?? KeyDescription.text(root[keyPath: path])
      })
  }

  init(
    _ name: String, _ documentation: String, isRequired: Bool = false, group: String? = nil,
    section: [Key<Root>]? = nil,
    read: @escaping @Sendable (inout Root, Container, Set<String>) throws -> Void,
    write: @escaping @Sendable (Root, inout KeyedEncodingContainer<KeyName>) throws -> Void,
    check: @escaping @Sendable (Root, String) throws -> Void,
    schema: @escaping @Sendable (Registry) -> Schema,
    standard: @escaping @Sendable (Root) -> String
  ) {
    (self.name, self.documentation, self.isRequired) = (name, documentation, isRequired)
    (self.group, self.section) = (group, section)
    (self.read, self.write, self.check) = (read, write, check)
    (self.schema, self.standard) = (schema, standard)
  }

  private static func check<Value: SettingValue>(
    _ value: Value, _ limits: Limits<Value>?, at key: String
  ) throws {
    if let limits, !limits.contains(value) {
      let shown = (value as? String).map { "'\($0)'" } ?? "\(value)"
      throw SettingsError(key, "\(shown) \(limits.words)")
    }
    try value.validate(at: key)
  }

  /// How it is told to people and editors.
  ///
  /// - Parameter defaults: what has all defaults.
  func description(_ registry: Registry, _ defaults: Root) -> KeyDescription {
    KeyDescription(
      name: name, documentation: documentation, standard: isRequired ? nil : standard(defaults),
      schema: schema(registry))
  }
}
