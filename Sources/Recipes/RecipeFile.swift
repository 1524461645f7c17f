import Foundation
import FunMatchDatasets
import FunMatchSettings
import Yams

/// Reads recipes: YAML, edited by `--set`, with every key known.
public struct RecipeFile: Sendable {
  /// The recipe with all defaults filled in.
  public let recipe: Recipe
  /// Where it was read.
  public let path: String
  /// What names are looked up in.
  public let registry: Registry

  /// - Parameters:
  ///   - edits: `KEY=VALUE` with a dotted key, such as `optimizer.adam.learningRate=0.003`; values are
  ///     YAML.
  ///   - beside: the file beside which weights are looked for, if not this one.
  ///   - registry: what names are looked up in.
  ///   - imageCount: counts training images; only called where the recipe has a preset, whose lengths
  ///     depend on it.
  /// - Throws: `RecipeError` naming the file and the key.
  public init(
    path: String, edits: [String] = [], beside: String? = nil, registry: Registry = .standard,
    imageCount: (TrainingImages) throws -> Int = { try $0.count(in: DatasetRegistry()) }
  ) throws {
    let tree = try Self.tree(path: path, expected: "a recipe in YAML")
    if Self.isStudy(tree) {
      throw Self.error(path, "this is a study, which funmatch study takes; expected a recipe")
    }
    let edited = try RecipeEdit.ordered(edits.map { try RecipeEdit(argument: $0) })
      .reduce(tree) { try $1.applied(to: $0) }
    try self.init(
      edited, path: beside ?? path, name: path, registry: registry, imageCount: imageCount)
  }

  /// A recipe that is in no file.
  ///
  /// - Parameters:
  ///   - text: YAML.
  ///   - path: beside which its weights are looked for.
  /// - Throws: `RecipeError` naming the key.
  package init(
    text: String, edits: [String], path: String, registry: Registry,
    imageCount: (TrainingImages) throws -> Int
  ) throws {
    let tree = try RecipeEdit.ordered(edits.map { try RecipeEdit(argument: $0) })
      .reduce(Self.compose(text, path)) { try $1.applied(to: $0) }
    try self.init(tree, path: path, name: "", registry: registry, imageCount: imageCount)
  }

  /// A recipe that was edited already.
  ///
  /// - Parameters:
  ///   - path: beside which its weights are looked for.
  ///   - name: what errors begin with; empty for a sentence without a file.
  package init(
    _ tree: Node, path: String, name: String, registry: Registry,
    imageCount: (TrainingImages) throws -> Int
  ) throws {
    (self.path, self.registry) = (path, registry)
    recipe = try Self.decode(Self.withPreset(tree, name, imageCount), name, registry)
    do {
      try recipe.validate()
    } catch {
      throw Self.error(name, "\(error)")
    }
  }

  /// The map in a YAML file.
  ///
  /// - Parameter expected: what the file should have been, for errors.
  /// - Throws: `RecipeError` naming the file.
  package static func tree(path: String, expected: String) throws -> Node {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw RecipeError("\(path): cannot be read; expected \(expected)")
    }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw RecipeError("\(path): is not UTF-8 text; expected \(expected)")
    }
    return try compose(text, path)
  }

  /// Only studies name a recipe.
  package static func isStudy(_ tree: Node) -> Bool { tree.mapping?["recipe"] != nil }

  private static func error(_ name: String, _ sentence: String) -> RecipeError {
    RecipeError(name.isEmpty ? sentence : "\(name): \(sentence)")
  }

  /// The tree without `preset`, its settings in place of what is not said.
  private static func withPreset(
    _ tree: Node, _ name: String, _ imageCount: (TrainingImages) throws -> Int
  ) throws -> Node {
    guard var map = tree.mapping, let named = map["preset"] else { return tree }
    map["preset"] = nil
    if named.null != nil { return .mapping(map) }
    guard let preset = named.string.flatMap(RecipePreset.init) else {
      throw error(
        name,
        "preset: expected one of "
          + RecipePreset.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let train = map["data"]?["train"] else {
      throw error(name, "the key 'data.train' is missing")
    }
    let images = try imageCount(decode(.mapping(["train": train]), name, as: Named.self).train)
    return RecipePreset.filled(.mapping(map), from: try preset.tree(images: images))
  }

  private struct Named: Codable {
    let train: TrainingImages
  }

  /// The same file with another recipe.
  package func with(_ change: (inout Recipe) -> Void) -> RecipeFile {
    var recipe = recipe
    change(&recipe)
    return RecipeFile(recipe, path, registry)
  }

  private init(_ recipe: Recipe, _ path: String, _ registry: Registry) {
    (self.recipe, self.path, self.registry) = (recipe, path, registry)
  }

  /// The text of a recipe, every key written out.
  ///
  /// - Parameter notes: what is said of keys, in comments.
  public static func text(_ recipe: Recipe, notes: RecipeNotes = [:]) throws -> String {
    notes.written(over: try RecipeText.text(recipe))
  }

  private static func compose(_ text: String, _ name: String) throws -> Node {
    do {
      guard let node = try Yams.compose(yaml: text), node.mapping != nil else {
        throw RecipeError("\(name): expected a YAML map of keys")
      }
      return node
    } catch let error as YamlError {
      throw RecipeError("\(name): \(sentence(error))")
    }
  }

  private static func sentence(_ error: YamlError) -> String {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let place = context.map { ", \($0.text) of line \($0.mark.line)" } ?? ""
      return "line \(mark.line) is not YAML: \(problem)\(place)"
    case .reader(let problem, let offset?, _, let yaml):
      let line = yaml.prefix(offset).filter(\.isNewline).count + 1
      return "line \(line) is not YAML: \(problem)"
    case .duplicatedKeysInMapping(let keys, let context):
      return "line \(context.mark.line): the key '\(keys[0])' is there more than once in its map"
    default:
      return "is not YAML: " + "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
  }

  /// A value from YAML, every key of which must be known.
  ///
  /// - Throws: `RecipeError` that begins with `name` and names the key.
  public static func value<T: Codable>(
    _ text: String, _ name: String, registry: Registry = .standard
  ) throws -> T { try decode(compose(text, name), name, registry) }

  /// A value from a part of a file, likewise.
  package static func value<T: Codable>(_ part: Node, _ name: String) throws -> T {
    try decode(part, name)
  }

  private static func decode<T: Codable>(
    _ tree: Node, _ name: String, _ registry: Registry = .standard, as type: T.Type = T.self
  ) throws -> T {
    do {
      return try YAMLDecoder().decode(
        T.self, from: tree, userInfo: [.registry: registry, .refusesUnknownKeys: true])
    } catch let error as DecodingError {
      throw Self.error(name, RecipeText.explain(error, tree))
    } catch let error as SettingsError {
      throw Self.error(name, error.description)
    }
  }
}
