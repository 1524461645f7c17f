import Foundation
import FunMatchRecipes
import FunMatchSettings
import Yams

/// The values of an axis: a list, or a range that is written out.
enum StudyValues {
  private static let mostValues = 1000

  /// - Throws: `RecipeError` with a sentence without file and key.
  static func nodes(_ node: Node) throws -> [Node] {
    switch node {
    case .sequence(let list):
      guard !list.isEmpty else { throw RecipeError("the list is empty") }
      return Array(list)
    case .mapping(let map): return try range(map)
    default:
      throw RecipeError("expected a list of values or a range {from: …, to: …, count: …}")
    }
  }

  private static func range(_ map: Node.Mapping) throws -> [Node] {
    let known = ["from", "to", "count", "scale"]
    for key in map.keys.map({ $0.string ?? "?" }) where !known.contains(key) {
      let hint = NearestName.hint(key, among: known)
      throw RecipeError(
        "unknown key '\(key)' of a range; \(hint)a range has \(known.joined(separator: ", "))")
    }
    func end(_ key: String) throws -> (node: Node, value: Double) {
      guard let node = map[Node(key)], let value = node.float, value.isFinite else {
        throw RecipeError("a range needs a number under '\(key)'")
      }
      return (node, value)
    }
    let (from, to) = (try end("from"), try end("to"))
    guard let count = map["count"]?.int, (2...mostValues).contains(count) else {
      throw RecipeError("a range needs a count between 2 and \(mostValues)")
    }
    let scale = map["scale"]?.string ?? "linear"
    guard ["linear", "log"].contains(scale) else {
      throw RecipeError("scale: expected linear or log, not '\(scale)'")
    }
    guard scale == "linear" || (from.value > 0 && to.value > 0) else {
      throw RecipeError("a range with scale log needs positive ends")
    }
    // The ends stay as they are written.
    return (0..<count).map { index in
      if index == 0 { return from.node }
      if index == count - 1 { return to.node }
      let share = Double(index) / Double(count - 1)
      let value =
        scale == "log"
        ? from.value * pow(to.value / from.value, share)
        : from.value + (to.value - from.value) * share
      return Node(rounded(value), .implicit, .plain)
    }
  }

  /// Four significant digits; without a fraction if that leaves a whole number.
  private static func rounded(_ value: Double) -> String {
    let digits = String(format: "%.3e", locale: Locale(identifier: "en_US_POSIX"), value)
    let rounded = Double(digits) ?? value
    return rounded == rounded.rounded() && abs(rounded) < 1e15
      ? "\(Int(rounded))" : "\(rounded)"
  }
}
