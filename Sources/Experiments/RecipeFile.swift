import Foundation
import Yams

/// Reads recipes: YAML, edited by `--set`, with every key known.
public struct RecipeFile {
  /// The recipe with all defaults filled in.
  public let recipe: Recipe
  /// Where it was read.
  public let path: String

  /// - Parameter edits: `KEY=VALUE` with a dotted key, such as `optimizer.adam.learningRate=0.003`;
  ///   values are YAML.
  /// - Throws: `ExperimentError` naming the file and the key.
  public init(path: String, edits: [String] = []) throws {
    self.path = path
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ExperimentError("\(path): cannot be read; expected a recipe in YAML")
    }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw ExperimentError("\(path): is not UTF-8 text; expected a recipe in YAML")
    }
    var tree = try Self.compose(text, path)
    // A policy first, since it takes the settings of another one away.
    let policies = edits.filter { $0.hasPrefix("views.policy=") }
    for edit in policies + edits.filter({ !policies.contains($0) }) {
      tree = try Self.apply(edit, to: tree)
    }
    recipe = try Self.decode(tree, path)
    do {
      try recipe.validate()
    } catch {
      throw ExperimentError("\(path): \(error)")
    }
  }

  /// The text of a recipe, every key written out.
  public static func text(_ recipe: Recipe) throws -> String {
    try YAMLEncoder().encode(recipe)
  }

  private static func compose(_ text: String, _ name: String) throws -> Node {
    do {
      guard let node = try Yams.compose(yaml: text), node.mapping != nil else {
        throw ExperimentError("\(name): expected a YAML map of recipe keys")
      }
      return node
    } catch let error as YamlError {
      throw ExperimentError("\(name): is not YAML: \(error)")
    }
  }

  private static func apply(_ edit: String, to tree: Node) throws -> Node {
    guard let equals = edit.firstIndex(of: "="), equals != edit.startIndex else {
      throw ExperimentError("--set \(edit): expected KEY=VALUE")
    }
    let keys = edit[..<equals].split(separator: ".", omittingEmptySubsequences: false)
      .map(String.init)
    let text = String(edit[edit.index(after: equals)...])
    let value: Node
    do {
      value = try Yams.compose(yaml: text) ?? Node("null")
    } catch {
      throw ExperimentError("--set \(edit): the value is not YAML")
    }
    var tree = tree
    // The length of a schedule is told in one way; the one that is set now replaces any other.
    let lengths = ["epochs", "steps", "images"]
    if keys.count == 2, keys[0] == "schedule", lengths.contains(keys[1]),
      let schedule = tree["schedule"]?.mapping
    {
      let others = schedule.filter { !lengths.contains($0.key.string ?? "") }
      tree["schedule"] = Node.mapping(Node.Mapping(others.map { ($0.key, $0.value) }))
    }
    // A policy brings its own crop, flip and mixup; those of another one would make it that other one.
    if keys == ["views", "policy"] { tree["views"] = Node.mapping(Node.Mapping([])) }
    return try setting(value, at: keys[...], in: tree, edit)
  }

  private static func setting(
    _ value: Node, at keys: ArraySlice<String>, in node: Node?, _ edit: String
  ) throws -> Node {
    guard let key = keys.first else { return value }
    if case .sequence(var list)? = node {
      guard let index = Int(key), list.indices.contains(index) else {
        throw ExperimentError("--set \(edit): '\(key)' is not an index below \(list.count)")
      }
      list[index] = try setting(value, at: keys.dropFirst(), in: list[index], edit)
      return .sequence(list)
    }
    var map = node?.mapping ?? Node.Mapping([])
    map[Node(key)] = try setting(value, at: keys.dropFirst(), in: map[Node(key)], edit)
    return .mapping(map)
  }

  /// A value from YAML, every key of which must be known.
  ///
  /// - Throws: `ExperimentError` that begins with `name` and names the key.
  public static func value<T: Codable>(_ text: String, _ name: String) throws -> T {
    try decode(compose(text, name), name)
  }

  private static func decode<T: Codable>(_ tree: Node, _ name: String) throws -> T {
    do {
      let value = try YAMLDecoder().decode(T.self, from: tree)
      let known = try Yams.compose(yaml: YAMLEncoder().encode(value)) ?? Node("null")
      if let unknown = RecipeKeys.unknown(in: tree, known: known) {
        throw ExperimentError("\(name): \(unknown)")
      }
      return value
    } catch let error as DecodingError {
      throw ExperimentError("\(name): \(RecipeKeys.explain(error, tree))")
    }
  }
}
