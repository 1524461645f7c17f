/// What a value of a key looks like, for documentation and for editors.
public indirect enum Schema: Sendable, Equatable {
  /// A number, with keywords of JSON Schema such as `minimum`.
  case number(isWhole: Bool, limits: [String: Double] = [:])
  /// Text.
  case text
  /// True or false.
  case flag
  /// Nothing.
  case null
  /// One of these words.
  case names([String])
  /// A list of such values.
  case list(Schema)
  /// A map of these keys.
  case map([KeyDescription])
  /// A map from any names to such values.
  case dictionary(Schema)
  /// One of several.
  case anyOf([Schema])

  /// A number within limits; anything else as it is, what may be null included.
  func limited(by limits: [String: Double]) -> Schema {
    switch self {
    case .number(let isWhole, let own):
      .number(isWhole: isWhole, limits: own.merging(limits) { $1 })
    case .anyOf(let schemas): .anyOf(schemas.map { $0.limited(by: limits) })
    default: self
    }
  }

  /// The same as JSON Schema, draft 2020-12: what `JSONSerialization` takes.
  public var json: [String: Any] {
    switch self {
    case .number(let isWhole, let limits):
      (["type": isWhole ? "integer" : "number"] as [String: Any]).merging(limits) { $1 }
    case .text: ["type": "string"]
    case .flag: ["type": "boolean"]
    case .null: ["type": "null"]
    case .names(let names): ["enum": names]
    case .list(let element): ["type": "array", "items": element.json]
    case .dictionary(let value): ["type": "object", "additionalProperties": value.json]
    case .anyOf(let schemas): ["anyOf": schemas.map(\.json)]
    case .map(let keys):
      [
        "type": "object", "additionalProperties": false,
        "properties": Dictionary(keys.map { ($0.name, $0.json) }, uniquingKeysWith: { $1 }),
        "required": keys.filter(\.isRequired).map(\.name),
      ]
    }
  }
}
