import Foundation
import Yams

/// Reads recipes: YAML, edited by `--set`, with every key known.
public struct RecipeFile {
  /// The recipe with all defaults filled in.
  public let recipe: Recipe
  /// Where it was read.
  public let path: String

  /// - Parameters:
  ///   - edits: `KEY=VALUE` with a dotted key, such as `optimizer.adam.learningRate=0.003`; values are
  ///     YAML.
  ///   - imageCount: counts training images; only asked where the recipe has a preset, whose lengths
  ///     depend on it.
  /// - Throws: `ExperimentError` naming the file and the key.
  public init(
    path: String, edits: [String] = [],
    imageCount: (TrainingImages) throws -> Int = { try Run.imageCount($0, dataFolder: nil) }
  ) throws {
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
    recipe = try Self.decode(Self.withPreset(tree, path, imageCount), path)
    do {
      try recipe.validate()
    } catch {
      throw ExperimentError("\(path): \(error)")
    }
  }

  /// The tree without `preset`, its settings in place of what is not said.
  private static func withPreset(
    _ tree: Node, _ path: String, _ imageCount: (TrainingImages) throws -> Int
  ) throws -> Node {
    guard var map = tree.mapping, let named = map["preset"] else { return tree }
    map["preset"] = nil
    if named.null != nil { return .mapping(map) }
    guard let preset = named.string.flatMap(RecipePreset.init) else {
      throw ExperimentError(
        "\(path): preset: expected one of "
          + RecipePreset.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let train = map["data"]?["train"] else {
      throw ExperimentError("\(path): the key 'data.train' is missing")
    }
    let images = try imageCount(try decode(.mapping(["train": train]), path, as: Named.self).train)
    return RecipePreset.filled(.mapping(map), from: try preset.tree(images: images))
  }

  private struct Named: Codable {
    let train: TrainingImages
  }

  /// The same file with another recipe.
  func with(_ change: (inout Recipe) -> Void) -> RecipeFile {
    var recipe = recipe
    change(&recipe)
    return RecipeFile(recipe: recipe, path: path)
  }

  private init(recipe: Recipe, path: String) {
    self.recipe = recipe
    self.path = path
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
    // What is told in one way is told in that way alone: it replaces any other.
    if keys.count >= 2, let group = alternatives(of: keys[1], in: keys[0]),
      let map = tree[keys[0]]?.mapping
    {
      let others = map.filter { $0.key.string == keys[1] || !group($0.key.string ?? "") }
      tree[keys[0]] = Node.mapping(Node.Mapping(others.map { ($0.key, $0.value) }))
    }
    // A policy brings its own crop, flip and mixup; those of another one would make it that other one.
    if keys == ["views", "policy"] { tree["views"] = Node.mapping(Node.Mapping([])) }
    return try setting(value, at: keys[...], in: tree, edit)
  }

  /// Which keys of a map cannot stand beside one of them.
  private static func alternatives(of key: String, in map: String) -> ((String) -> Bool)? {
    switch map {
    case "schedule":
      Recipe.Length.alternatives.first { $0.contains(key) }.map { group in { group.contains($0) } }
    case "optimizer", "distance": { _ in true }
    default: nil
    }
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

  private static func decode<T: Codable>(
    _ tree: Node, _ name: String, as type: T.Type = T.self
  ) throws -> T {
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
