import Yams

/// One change of a recipe's tree, before it is decoded.
package struct RecipeEdit {
  /// Dotted, such as `optimizer.adam.learningRate`.
  package let key: String
  /// What takes the place of what is there.
  package let value: Node
  /// Where it was said, for errors.
  package let origin: String

  /// A change that was said in `origin`.
  package init(key: String, value: Node, origin: String) {
    self.key = key
    self.value = value
    self.origin = origin
  }

  /// - Parameter argument: `KEY=VALUE`, the value being YAML, as after `--set`.
  /// - Throws: `RecipeError`.
  package init(argument: String) throws {
    origin = "--set \(argument)"
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      throw RecipeError("\(origin): expected KEY=VALUE")
    }
    key = String(argument[..<equals])
    do {
      let text = String(argument[argument.index(after: equals)...])
      value = try Yams.compose(yaml: text) ?? Node("null")
    } catch {
      throw RecipeError("\(origin): the value is not YAML")
    }
  }

  /// Edits in the order in which they are made: a policy first, since it takes the settings of
  /// another one away, but after all views that were told before it.
  package static func ordered(_ edits: [RecipeEdit]) -> [RecipeEdit] {
    edits.reduce(into: []) { ordered, edit in
      let last = ordered.lastIndex { $0.isPolicy || $0.key == "views" }
      ordered.insert(edit, at: edit.isPolicy ? last.map { $0 + 1 } ?? 0 : ordered.endIndex)
    }
  }

  /// Whether it was said on the command line.
  package var isArgument: Bool { origin.hasPrefix("--set ") }

  /// Why this and an axis cannot both be told of a student, since one holds the other.
  package func overlap(with axis: String) -> String? {
    if axis.hasPrefix(key + ".") {
      return "'\(key)' holds the axis '\(axis)'; one of the two would undo the other"
    }
    guard key.hasPrefix(axis + ".") else { return nil }
    return "'\(key)' lies within the axis '\(axis)'; one of the two would undo the other"
  }

  /// Why this and an axis cannot both be told of a student, since they are two ways of one thing.
  package func alternative(to axis: String) -> String? {
    let (own, other) = (key.split(separator: "."), axis.split(separator: "."))
    guard own.count >= 2, other.count >= 2, own[0] == other[0], own[1] != other[1],
      let group = Self.alternatives(of: String(own[1]), in: String(own[0])), group(String(other[1]))
    else { return nil }
    let ways = [own, other].map { "'\($0.prefix(2).joined(separator: "."))'" }
    return
      "the axis '\(axis)' would undo '\(key)'; only one of \(ways[0]) and \(ways[1]) can be told"
  }

  /// Whether it says how long a run is.
  package var tellsLength: Bool {
    key == "schedule"
      || Self.alternatives(of: "steps", in: "schedule").map { isLength in
        key.hasPrefix("schedule.") && isLength(String(key.dropFirst("schedule.".count)))
      } == true
  }

  private var isPolicy: Bool { key == "views.policy" }

  /// The tree with the change.
  ///
  /// - Throws: `RecipeError` that begins with `origin`.
  package func applied(to tree: Node) throws -> Node {
    let keys = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var tree = tree
    // What is told in one way is told in that way alone: it replaces any other.
    if keys.count >= 2, let group = Self.alternatives(of: keys[1], in: keys[0]),
      let map = tree[keys[0]]?.mapping
    {
      let others = map.filter { $0.key.string == keys[1] || !group($0.key.string ?? "") }
      tree[keys[0]] = Node.mapping(Node.Mapping(others.map { ($0.key, $0.value) }))
    }
    // A policy brings its own crop, flip and mixup; those of another one would make it that other one.
    if isPolicy { tree["views"] = Node.mapping(Node.Mapping([])) }
    return try setting(keys[...], in: tree)
  }

  /// Which keys of a map cannot stand beside one of them.
  private static func alternatives(of key: String, in map: String) -> ((String) -> Bool)? {
    switch map {
    case "schedule":
      ScheduleRecipe.alternatives.first { $0.contains(key) }.map { group in { group.contains($0) } }
    case "optimizer", "distance": { _ in true }
    default: nil
    }
  }

  private func setting(_ keys: ArraySlice<String>, in node: Node?) throws -> Node {
    guard let key = keys.first else { return value }
    if case .sequence(var list)? = node {
      guard let index = Int(key), list.indices.contains(index) else {
        throw RecipeError("\(origin): '\(key)' is not an index below \(list.count)")
      }
      list[index] = try setting(keys.dropFirst(), in: list[index])
      return .sequence(list)
    }
    var map = node?.mapping ?? Node.Mapping([])
    map[Node(key)] = try setting(keys.dropFirst(), in: map[Node(key)])
    return .mapping(map)
  }
}
