import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchSettings
import FunMatchViews

/// The keys of recipes for people and editors, from where they are declared.
public struct RecipeManual {
  private let keys: [KeyDescription]
  private let registry: Registry

  /// - Parameter registry: what recipes can name.
  public init(_ registry: Registry = .standard) {
    self.registry = registry
    keys =
      [
        KeyDescription(
          name: "preset",
          documentation:
            "Settings for fine-tuning in place of what the recipe does not say: bit-hyperrule or bit-cosine.",
          standard: "null", schema: .names(RecipePreset.allCases.map(\.rawValue)))
      ] + Recipe.descriptions(registry)
  }

  /// A JSON schema (draft 2020-12), keys sorted.
  public func schema() throws -> String {
    var root = Schema.map(keys).json
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    root["title"] = "A recipe of FunMatch"
    // A preset sets what else has to be there.
    root["if"] = ["required": ["preset"]]
    root["else"] = ["required": root.removeValue(forKey: "required") ?? []]
    let data = try JSONSerialization.data(
      withJSONObject: root, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }

  /// A line a key, `key: default  # meaning`, as YAML that has all defaults; below it what can be named.
  public var text: String {
    (lines(keys, indent: 0) + [""] + variants).joined(separator: "\n")
  }

  private func lines(_ keys: [KeyDescription], indent: Int) -> [String] {
    let space = String(repeating: "  ", count: indent)
    return keys.flatMap { key -> [String] in
      if case .map(let nested) = key.schema {
        return [Self.line("\(space)\(key.name):", key.documentation)]
          + lines(nested, indent: indent + 1)
      }
      let value = key.standard.map { " " + Self.yaml($0) } ?? " …"
      return [
        Self.line("\(space)\(key.name):\(value)", key.documentation + Self.choice(key.schema))
      ]
    }
  }

  /// The names that a value can have, where these are few.
  private static func choice(_ schema: Schema) -> String {
    switch schema {
    case .names(let names) where names.count <= 8: " (\(names.joined(separator: ", ")))"
    default: ""
    }
  }

  private static func line(_ text: String, _ comment: String) -> String {
    text.padding(toLength: max(text.count, 44), withPad: " ", startingAt: 0) + "  # " + comment
  }

  /// JSON as people write YAML: no quotes where none are needed.
  private static func yaml(_ json: String) -> String {
    json.replacing(/"([A-Za-z_][A-Za-z0-9_\/-]*)"/) { String($0.1) }.replacing(":", with: ": ")
      .replacing(",", with: ", ")
  }

  /// The kinds of things that recipes name, each with its keys.
  private var variants: [String] {
    func section(_ title: String, _ known: [any Variant.Type]) -> [String] {
      ["# \(title)"]
        + known.flatMap { type in
          [Self.line("#   \(type.name)", type.summary)]
            + type.descriptions(registry).map { key in
              Self.line(
                "#     \(key.name): \(key.standard.map(Self.yaml) ?? "…")",
                key.documentation + Self.choice(key.schema))
            }
        } + [""]
    }
    return section("distance: one of", registry.entries(DistanceKind.self))
      + section("optimizer: one of", registry.entries(OptimizerKind.self))
      + section("views.crop: one of", registry.entries(CropKind.self))
      + section("schedule.decay: one of", registry.entries(DecayKind.self))
      + section("model: a name, or one of", registry.entries(NetworkFamilies.self).map { $0 })
      + ["# views.policy: one of"]
      + registry.entries(ViewPolicies.self).map { Self.line("#   \($0.name)", $0.summary) }
      + ["", "# data: NAME:SPLIT, as in fashion-mnist:train, of one of"]
      + registry.entries(PublishedDatasets.self).map { Self.line("#   \($0.name)", $0.summary) }
      + ["", "# teachers: each"]
      + TeacherRecipe.descriptions(registry).map { key in
        Self.line(
          "#     \(key.name): \(key.standard.map(Self.yaml) ?? "…")", key.documentation)
      }
      + ["", "# bank: {}"]
      + BankRecipe.descriptions(registry).map { key in
        Self.line(
          "#     \(key.name): \(key.standard.map(Self.yaml) ?? "…")",
          key.documentation + Self.choice(key.schema))
      }
  }
}
