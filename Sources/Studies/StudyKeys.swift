import Foundation
import FunMatchRecipes
import FunMatchSettings
import Yams

/// The keys of a study's file, one by one. Errors name the file and the key.
struct StudyKeys {
  private static let known = [
    "recipe", "set", "cases", "grid", "zip", "branch", "seeds", "halving", "together",
  ]

  let path: String
  private let map: Node.Mapping

  /// The file's name without its extension.
  var name: String {
    ((path as NSString).lastPathComponent as NSString).deletingPathExtension
  }

  /// - Throws: `RecipeError` when it cannot be read or has an unknown key.
  init(path: String) throws {
    self.path = path
    map = try RecipeFile.tree(path: path, expected: "a study in YAML").mapping ?? [:]
    for key in map.keys.map({ $0.string ?? "?" }) where !Self.known.contains(key) {
      let hint = NearestName.hint(key, among: Self.known)
      let isRecipe = map["recipe"] == nil && (map["data"] != nil || map["student"] != nil)
      throw error(
        "unknown key '\(key)'; "
          + (isRecipe ? "this is a recipe, which funmatch distill takes; " : hint)
          + "a study has \(Self.known.joined(separator: ", "))")
    }
  }

  func error(_ sentence: String) -> RecipeError { RecipeError("\(path): \(sentence)") }

  /// What is under a key, if that is not null.
  private func value(_ key: String) -> Node? {
    map[Node(key)].flatMap { $0.null == nil ? $0 : nil }
  }

  /// The recipe that all students begin with, the path beside which its weights are, and its name.
  func base() throws -> (tree: Node, path: String, name: String) {
    guard let recipe = value("recipe") else { throw error("the key 'recipe' is missing") }
    if recipe.mapping != nil { return (recipe, path, name) }
    guard let file = recipe.scalar?.string else {
      throw error("recipe: expected the name of a file or a map of a recipe's keys")
    }
    let folder = (path as NSString).deletingLastPathComponent
    let place = file.hasPrefix("/") ? file : (folder as NSString).appendingPathComponent(file)
    guard FileManager.default.fileExists(atPath: place) else {
      throw error("recipe: there is no file '\(place)'")
    }
    let tree = try RecipeFile.tree(path: place, expected: "a recipe in YAML")
    if RecipeFile.isStudy(tree) { throw error("recipe: '\(place)' is itself a study") }
    return (tree, place, ((file as NSString).lastPathComponent as NSString).deletingPathExtension)
  }

  /// The edits that all students share.
  func shared() throws -> [RecipeEdit] {
    try value("set").map { try edits($0, "set") } ?? []
  }

  /// The axes, in the order in which they are crossed.
  func axes() throws -> [StudyAxis] {
    let last = try [branches()?.axis, seeds()].compactMap { $0 }
    let axes = try [cases()].compactMap { $0 } + grid() + zipped() + last
    var seen: Set<String> = []
    if let twice = axes.flatMap(\.keys).first(where: { !seen.insert($0).inserted }) {
      let places =
        ["seed": "grid, zip and seeds", "schedule.steps": "grid, zip and branch"][twice]
        ?? "grid and zip"
      throw error("\(twice): is an axis twice; a key stands in one place of \(places)")
    }
    guard StudyAxis.count(axes, limit: StudyFile.mostStudents) != nil else {
      throw error("the axes have more than \(StudyFile.mostStudents) students")
    }
    let samples = axes.flatMap(\.samples)
    for (place, edit) in samples.enumerated() {
      try check(edit, against: samples[..<place])
    }
    for edit in axes.filter({ $0.keys == ["case"] }).flatMap({ $0.options.flatMap(\.edits) }) {
      try check(edit, against: samples[...])
    }
    return axes
  }

  /// Neither `set` nor the command line can set what an axis sets.
  func check(_ edits: [RecipeEdit], against axes: [StudyAxis]) throws {
    let samples = axes.flatMap(\.samples)
    for edit in edits { try check(edit, against: samples[...], isBase: !edit.isArgument) }
  }

  /// - Parameter isBase: what all students begin with; an axis may change a part of it or all.
  private func check(
    _ edit: RecipeEdit, against axes: ArraySlice<RecipeEdit>, isBase: Bool = false
  ) throws {
    for axis in axes.map(\.key) {
      if axis == edit.key {
        throw error("\(edit.origin): is an axis, which sets it for every student")
      }
      let overlap = isBase ? nil : edit.overlap(with: axis)
      if let problem = overlap ?? edit.alternative(to: axis) {
        throw error("\(edit.origin): \(problem)")
      }
    }
  }

  private func cases() throws -> StudyAxis? {
    guard let cases = value("cases") else { return nil }
    guard let map = cases.mapping, !map.isEmpty else {
      throw error("cases: expected a map from names to maps of a recipe's keys")
    }
    return StudyAxis(
      cases: try map.map { key, value in
        guard let name = key.string, !name.isEmpty else { throw error("cases: a name is empty") }
        return (name, value.null == nil ? try edits(value, "cases.\(name)") : [])
      })
  }

  private func grid() throws -> [StudyAxis] {
    guard let grid = value("grid") else { return [] }
    return try columns(grid, "grid").map { StudyAxis([$0]) }
  }

  private func zipped() throws -> [StudyAxis] {
    guard let zip = value("zip") else { return [] }
    let groups = zip.sequence.map { Array($0) } ?? [zip]
    guard !groups.isEmpty else { throw error("zip: the list is empty") }
    return try groups.map { group in
      let columns = try columns(group, "zip")
      if let first = columns.first,
        let other = columns.first(where: { $0.values.count != first.values.count })
      {
        throw error(
          "zip: '\(first.key)' has \(first.values.count) values and '\(other.key)' has "
            + "\(other.values.count); what changes together needs equally many")
      }
      return StudyAxis(columns)
    }
  }

  private func columns(_ node: Node, _ place: String) throws -> [StudyAxis.Column] {
    guard let map = node.mapping, !map.isEmpty else {
      throw error("\(place): expected a map from a recipe's keys to lists or ranges")
    }
    return try map.map { key, value in
      let name = try recipeKey(key, place)
      do {
        let values = try StudyValues.nodes(value)
        let texts = values.map(YAMLText.line)
        var seen: Set<String> = []
        if place == "grid", let twice = texts.first(where: { !seen.insert($0).inserted }) {
          throw RecipeError("\(twice) is there twice")
        }
        return .init(key: name, values: values, origin: "\(place).\(name)")
      } catch let problem as RecipeError {
        throw error("\(place).\(name): \(problem)")
      }
    }
  }

  private func seeds() throws -> StudyAxis? {
    guard let node = value("seeds") else { return nil }
    let limit = StudyFile.mostStudents
    var seeds: [UInt64]?
    if let list = node.sequence {
      seeds = list.compactMap { $0.scalar.flatMap { UInt64($0.string) } }
      if seeds?.count != list.count { seeds = nil }
    } else if let count = node.int, count <= limit {
      seeds = (0..<max(0, count)).map(UInt64.init)
    }
    guard let seeds, !seeds.isEmpty else {
      throw error("seeds: expected a number of seeds, at most \(limit), or a list of whole ones")
    }
    guard Set(seeds).count == seeds.count else { throw error("seeds: one is there twice") }
    return StudyAxis([
      .init(key: "seed", values: seeds.map { Node("\($0)", .implicit, .plain) }, origin: "seeds")
    ])
  }

  private struct Named: Codable {
    let halving: StudyFile.Halving?
    let branch: StudyFile.Branches?
  }

  private func named(_ key: String) throws -> Named? {
    guard let node = value(key) else { return nil }
    do {
      let named: Named = try RecipeFile.value(.mapping([Node(key): node]), "")
      try named.halving?.validate(at: key)
      try named.branch?.validate(at: key)
      return named
    } catch {
      throw self.error("\(error)")
    }
  }

  /// When the worst are stopped.
  func halving() throws -> StudyFile.Halving? { try named("halving")?.halving }

  /// Lengths that share their beginning.
  func branches() throws -> StudyFile.Branches? {
    if value("halving") != nil, value("branch") != nil {
      throw error(
        "branch: students of several lengths that share steps cannot be halved; remove halving")
    }
    return try named("branch")?.branch
  }

  /// How many students train side by side.
  func together() throws -> Int? {
    guard let node = value("together") else { return nil }
    guard let count = node.int, count > 0 else {
      throw error("together: expected a positive number of students")
    }
    return count
  }

  private func edits(_ node: Node, _ place: String) throws -> [RecipeEdit] {
    guard let map = node.mapping else { throw error("\(place): expected a map of a recipe's keys") }
    return try map.map { key, value in
      let name = try recipeKey(key, place)
      return RecipeEdit(key: name, value: value, origin: "\(place).\(name)")
    }
  }

  private func recipeKey(_ node: Node, _ place: String) throws -> String {
    guard let key = node.string, !key.isEmpty,
      key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty })
    else { throw error("\(place): expected a recipe's key such as optimizer.adam.learningRate") }
    return key
  }

  /// What is wrong with a student's recipe, and where it was said: the last edit of the key that
  /// the sentence names.
  func blame(_ sentence: String, _ edits: [RecipeEdit], student: String) -> RecipeError {
    func match(_ edit: RecipeEdit) -> Int {
      let parts = edit.key.split(separator: ".")
      let prefixes = (1...max(1, parts.count)).map { parts.prefix($0).joined(separator: ".") }
      let named = prefixes.last {
        sentence.contains("'\($0)'") || sentence.hasPrefix("\($0):")
      }
      let isWithin = sentence.contains("'\(edit.key).") || sentence.hasPrefix("\(edit.key).")
      return isWithin ? edit.key.count : named?.count ?? 0
    }
    let best = edits.map(match).max() ?? 0
    // It tells itself.
    if edits.contains(where: { sentence.hasPrefix("\($0.origin):") }) { return error(sentence) }
    guard best > 0, let edit = edits.last(where: { match($0) == best }) else {
      let recipe = value("recipe")?.scalar.map { " of \($0.string)" } ?? ""
      return error("student '\(student)'\(recipe): \(sentence)")
    }
    return error("\(edit.origin): \(Self.told(sentence, edit))")
  }

  /// A sentence on an edit's key without the key, and with the value that is wrong.
  private static func told(_ sentence: String, _ edit: RecipeEdit) -> String {
    let starts = ["\(edit.key): ", "the key '\(edit.key)' "]
    guard let start = starts.first(where: sentence.hasPrefix) else { return sentence }
    let rest = String(sentence.dropFirst(start.count))
    guard rest.hasPrefix("must be ") || rest.hasPrefix("expected one of ") else {
      return start == starts[0] ? rest : sentence
    }
    let value = YAMLText.line(edit.value)
    return edit.isArgument || value.count > 60 ? rest : "\(rest); not '\(value)'"
  }
}
