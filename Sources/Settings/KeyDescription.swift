/// A key as documentation and editors tell it.
public struct KeyDescription: Sendable, Equatable {
  /// Its name in its map.
  public let name: String
  /// What it means, in a sentence or two.
  public let documentation: String
  /// Its default as JSON in one line; `nil` where it has none and must be given.
  public let standard: String?
  /// What its values look like.
  public let schema: Schema

  /// A key that is described by hand, where no `Key` can.
  package init(name: String, documentation: String, standard: String?, schema: Schema) {
    self.name = name
    self.documentation = documentation
    self.standard = standard
    self.schema = schema
  }

  /// Whether it must be given.
  public var isRequired: Bool { standard == nil }

  var json: [String: Any] {
    var json = schema.json
    // A key that may be left out may be null, too, and has its default then.
    if !isRequired { json = ["anyOf": [json, ["type": "null"]]] }
    if !documentation.isEmpty { json["description"] = documentation }
    if let standard, let value = Self.value(standard) { json["default"] = value }
    return json
  }
}
