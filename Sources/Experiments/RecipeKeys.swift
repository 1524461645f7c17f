import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchOptimizers
import FunMatchViews
import Yams

/// Finds keys that a recipe does not have, and says in words what a decoder did not like.
enum RecipeKeys {
  /// A sentence on the first key of `tree` that `known`, the same recipe written out again, does
  /// not have.
  static func unknown(in tree: Node, known: Node, at path: [String] = []) -> String? {
    switch (tree, known) {
    case (.mapping(let given), .mapping(let expected)):
      let names = Array(expected.keys.compactMap(\.string))
      for (key, value) in given {
        let name = key.string ?? "?"
        guard let counterpart = expected[key] else {
          let place = path.isEmpty ? "a recipe" : path.joined(separator: ".")
          return "unknown key '\((path + [name]).joined(separator: "."))'; "
            + suggestion(name, names) + "\(place) has \(names.sorted().joined(separator: ", "))"
        }
        if let found = unknown(in: value, known: counterpart, at: path + [name]) { return found }
      }
    case (.sequence(let given), .sequence(let expected)):
      for (index, pair) in zip(given, expected).enumerated() {
        if let found = unknown(in: pair.0, known: pair.1, at: path + ["\(index)"]) { return found }
      }
    default: break
    }
    return nil
  }

  /// All values of a recipe that is written out, by dotted key.
  static func values(in text: String) -> [String: String] {
    var values: [String: String] = [:]
    func visit(_ node: Node, _ path: [String]) {
      switch node {
      case .mapping(let map) where !map.isEmpty:
        for (key, value) in map { visit(value, path + [key.string ?? "?"]) }
      case .sequence(let list) where !list.isEmpty:
        for (index, value) in list.enumerated() { visit(value, path + ["\(index)"]) }
      default:
        // Written as 5e-1.
        let number = node.string.flatMap { Double($0) }.map { value in
          value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        }
        values[path.joined(separator: ".")] = number ?? node.string ?? "none"
      }
    }
    if let tree = try? Yams.compose(yaml: text) { visit(tree, []) }
    return values
  }

  private static func suggestion(_ name: String, _ names: [String]) -> String {
    guard let nearest = nearest(to: name, names) else { return "" }
    return "did you mean '\(nearest)'? "
  }

  static func nearest(to name: String, _ names: [String]) -> String? {
    let ranked = names.map { ($0, distance(name.lowercased(), $0.lowercased())) }
      .min { ($0.1, $0.0) < ($1.1, $1.0) }
    guard let ranked, ranked.1 <= max(2, name.count / 2) else { return nil }
    return ranked.0
  }

  /// Levenshtein's edit distance.
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let cost = diagonal + (letter == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(cost, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }

  /// A decoder's error as a sentence on a key.
  static func explain(_ error: DecodingError, _ tree: Node) -> String {
    func name(_ path: some Sequence<any CodingKey>) -> String {
      path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      var place: Node? = tree
      for step in context.codingPath {
        place = step.intValue.map { place?[$0] } ?? place?[step.stringValue]
      }
      let given = place?.mapping.map { Array($0.keys.compactMap(\.string)) } ?? []
      let hint = nearest(to: key.stringValue, given).map { ", is '\($0)' meant for it?" } ?? ""
      return "the key '\(name(context.codingPath + [key]))' is missing\(hint)"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "the key '\(name(context.codingPath))' must be \(words(type))"
    case .dataCorrupted(let context):
      let place = name(context.codingPath)
      // Some keys have other values within another one than elsewhere.
      let keys = [2, 1].map { name(context.codingPath.suffix($0)) }
      if let known = keys.lazy.compactMap({ values[$0] }).first {
        return "\(place): expected one of \(known.joined(separator: ", "))"
      }
      return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
    @unknown default:
      return "\(error)"
    }
  }

  /// What keys with a few possible values can have.
  private static let values = [
    "policy": ViewPolicy.paper.map(\.name),
    "cache": Recipe.Cache.allCases.map(\.rawValue),
    "onBrokenImage": BrokenImages.Rule.allCases.map(\.rawValue),
    "inverseDCT": ImageDecoder.InverseDCT.allCases.map(\.rawValue),
    "orientation": ImageDecoder.EXIFOrientation.allCases.map(\.rawValue),
    "damage": ImageDecoder.Damage.allCases.map(\.rawValue),
    "firstMoment": AdamConfiguration.MomentType.allCases.map(\.rawValue),
    "bank.precision": LogitBank.Precision.allCases.map(\.rawValue),
    "precision": Recipe.Precision.allCases.map(\.rawValue),
    "combine": Ensemble.Combination.allCases.map(\.rawValue),
    "layout": ProgramClassifier.Layout.allCases.map(\.rawValue),
    "colorOrder": InputScaling.ColorOrder.allCases.map(\.rawValue),
    "norm": ["batch", "group"], "pool": ViTSpec.Pool.allCases.map(\.rawValue),
    "head": Recipe.Student.Head.allCases.map(\.rawValue),
    "grafting": ShampooConfiguration.Grafting.allCases.map(\.rawValue),
    "rootPrecision": ShampooConfiguration.RootPrecision.allCases.map(\.rawValue),
  ]

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
