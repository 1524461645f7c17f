import Foundation
import FunMatchFiles
import FunMatchSettings
import Yams

/// Recipes as text, and what a decoder did not like in words.
package enum RecipeText {
  /// YAML of a value, every key written out. Read back, its numbers have the same bits.
  package static func text(_ value: some Encodable) throws -> String {
    let node = try Yams.compose(yaml: YAMLEncoder().encode(value)) ?? Node("null")
    let json = JSONEncoder()
    json.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: ".inf", negativeInfinity: "-.inf", nan: ".nan")
    let exact = try JSONDecoder().decode(Numbers.self, from: json.encode(value))
    return try Yams.serialize(node: plain(node, exact))
  }

  /// The numbers of a value where its YAML has them. Yams' encoder keeps 15 digits of most, JSON's all.
  private enum Numbers: Decodable {
    case map([String: Numbers])
    case list([Numbers])
    case number(Double)
    case other

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else if let map = try? value.decode([String: Numbers].self) {
        self = .map(map)
      } else if let list = try? value.decode([Numbers].self) {
        self = .list(list)
      } else {
        self = .other
      }
    }
  }

  /// The same with exact numbers, and as people write them: Yams' encoder makes 1e+0 of 1.
  private static func plain(_ node: Node, _ exact: Numbers) -> Node {
    switch (node, exact) {
    case (.mapping(let map), .map(let values)):
      .mapping(
        Node.Mapping(
          map.map { ($0.key, plain($0.value, values[$0.key.string ?? ""] ?? .other)) }, map.tag,
          map.style))
    case (.sequence(let list), .list(let values)):
      .sequence(
        Node.Sequence(zip(list, values).map { plain($0, $1) }, list.tag, list.style))
    case (.scalar, .number(let number)) where node.tag == Tag(.float):
      Node(NumberText.short(number), .implicit, .plain)
    default: node
    }
  }

  /// All values of a recipe that is written out, by dotted key; numbers in one way of writing, `none` for nothing.
  package static func values(in text: String) -> [String: String] {
    var values: [String: String] = [:]
    func visit(_ node: Node, _ path: [String]) {
      switch node {
      case .mapping(let map) where !map.isEmpty:
        for (key, value) in map { visit(value, path + [key.string ?? "?"]) }
      case .sequence(let list) where !list.isEmpty:
        for (index, value) in list.enumerated() { visit(value, path + ["\(index)"]) }
      default:
        values[path.joined(separator: ".")] =
          node.null != nil ? "none" : node.string.map { NumberText.short($0) } ?? "none"
      }
    }
    if let tree = try? Yams.compose(yaml: text) { visit(tree, []) }
    return values
  }

  /// The first keys whose values differ, with both.
  package static func difference(_ before: String, _ after: String) -> String {
    let (there, now) = (values(in: before), values(in: after))
    let keys = Set(there.keys).union(now.keys).filter { there[$0] != now[$0] }.sorted()
    return keys.prefix(5).map { key in
      "\(key): \(there[key] ?? "nothing") there, \(now[key] ?? "nothing") now"
    }.joined(separator: "; ")
  }

  /// A decoder's error as a sentence on a key.
  static func explain(_ error: DecodingError, _ tree: Node) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      var place: Node? = tree
      for step in context.codingPath {
        place = step.intValue.map { place?[$0] } ?? place?[step.stringValue]
      }
      let given = place?.mapping.map { Array($0.keys.compactMap(\.string)) } ?? []
      let hint =
        NearestName.to(key.stringValue, among: given).map { ", is '\($0)' meant for it?" } ?? ""
      return "the key '\((context.codingPath + [key]).dotted)' is missing\(hint)"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "the key '\(context.codingPath.dotted)' must be \(words(type))"
    case .dataCorrupted(let context):
      let place = context.codingPath.dotted
      return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
    @unknown default:
      return "\(error)"
    }
  }

  private static func words(_ type: Any.Type) -> String {
    switch type {
    case is Int.Type, is UInt64.Type: "a whole number"
    case is Double.Type: "a number"
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default:
      ["Mapping": "a map of keys", "Sequence": "a list", "Scalar": "one value, no list or map"][
        "\(type)"]
        ?? "a value of \(type)"
    }
  }
}
