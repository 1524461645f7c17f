/// The name of a key in a map that is decoded or encoded.
package struct KeyName: CodingKey, Sendable {
  package let stringValue: String
  package var intValue: Int? { nil }

  /// A key of this name.
  package init(_ name: String) { stringValue = name }

  /// A key of this name.
  package init(stringValue: String) { self.stringValue = stringValue }

  /// Maps have no numbered keys.
  package init?(intValue: Int) { nil }
}
