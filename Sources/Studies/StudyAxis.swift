import FunMatchRecipes
import Yams

/// What students differ in: one key, several that change together, or the case.
struct StudyAxis {
  /// One point of the axis.
  struct Option {
    /// The value of each key, as YAML.
    let values: [String]
    /// The same in names.
    let labels: [String]
    /// What it changes in the recipe.
    let edits: [RecipeEdit]
  }

  /// Keys of recipes, or `case`.
  let keys: [String]
  /// The points, in order.
  let options: [Option]

  /// A key with all its values.
  struct Column {
    let key: String
    let values: [Node]
    /// Where it was said, for errors.
    let origin: String
  }

  /// Keys that change together, with as many values of one as of the other.
  init(_ columns: [Column]) {
    keys = columns.map(\.key)
    let texts = columns.map { $0.values.map(YAMLText.line) }
    let labels = columns.map { StudyNames.labels($0.values) }
    options = (columns.first?.values ?? []).indices.map { place in
      Option(
        values: texts.map { $0[place] }, labels: labels.map { $0[place] },
        edits: columns.map {
          RecipeEdit(key: $0.key, value: $0.values[place], origin: $0.origin)
        })
    }
  }

  /// A key whose values bring other changes with them.
  init(key: String, points: [(value: String, edits: [RecipeEdit])]) {
    keys = [key]
    options = points.map { Option(values: [$0.value], labels: [$0.value], edits: $0.edits) }
  }

  /// The axis `case`.
  init(cases: [(name: String, edits: [RecipeEdit])]) {
    keys = ["case"]
    let labels = StudyNames.labels(cases.map { Node($0.name) }, longest: .max)
    options = zip(cases, labels).map { known, label in
      Option(values: [known.name], labels: [label], edits: known.edits)
    }
  }

  /// An edit of each key, whatever its value.
  var samples: [RecipeEdit] { keys == ["case"] ? [] : options.first?.edits ?? [] }

  /// All combinations of places, the last axis changing first; one empty one without axes.
  static func crossed(_ axes: [StudyAxis]) -> [[Int]] {
    axes.reduce([[]]) { all, axis in
      all.flatMap { places in axis.options.indices.map { places + [$0] } }
    }
  }

  /// How many combinations there are; `nil` beyond `limit`.
  static func count(_ axes: [StudyAxis], limit: Int) -> Int? {
    axes.reduce(1) { count, axis in
      count.map { $0.multipliedReportingOverflow(by: axis.options.count) }
        .flatMap { $0.overflow || $0.partialValue > limit ? nil : $0.partialValue }
    }
  }
}
