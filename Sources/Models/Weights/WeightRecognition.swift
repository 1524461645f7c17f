import FunMatchFiles
import FunMatchSettings
import FunMatchTorch

/// Finds out which network a file of weights is of.
struct WeightRecognition {
  private let source: WeightSource
  private let families: [any NetworkSpec.Type]
  private let names: Set<String>

  init(_ source: WeightSource, _ registry: Registry) {
    self.source = source
    families = registry.families
    names = source.names
  }

  /// A spec with what it leaves open taken from the file, and the file's layout.
  ///
  /// - Throws: `FileError` when the names are not the family's, or this tool wrote the file for
  ///   another network.
  func completed(_ spec: ModelSpec) throws -> (ModelSpec, WeightLayout) {
    let family = type(of: spec.network)
    guard let layout = family.layouts.first(where: { $0.isOf(names) }),
      let classes = source.length(layout.headBias)
    else {
      let expected = family.layouts.map { "\($0.name)'s (\($0.headBias))" }
      throw FileError(
        "\(source.path): holds \(held), and not the names of a \(family.name): "
          + expected.joined(separator: " or ") + guess)
    }
    var spec = spec
    spec.classes = spec.classes ?? classes
    guard let card = source.card else {
      return (ModelSpec(spec.network.completed(for: layout)), layout)
    }
    spec = spec.completed(by: card.spec)
    guard card.spec == spec else {
      throw FileError(
        "\(source.path): holds \(try JSONText.line(card.spec)), and not "
          + "\(try JSONText.line(spec)) that is named")
    }
    return (spec, layout)
  }

  /// The known network whose names and shapes are the file's.
  ///
  /// - Throws: `FileError` telling what comes near when there is none.
  func recognised() throws -> (ModelSpec, WeightLayout) {
    if let card = source.card { return try completed(card.spec) }
    var misfits: [(name: String, difference: String, distance: Double)] = []
    for candidate in candidates {
      let (spec, layout) = try completed(candidate.spec)
      let count = Double(try spec.network.parameterCount)
      let distance = abs(count / Double(max(source.valueCount, 1)) - 1)
      // Statistics of normalisations are in the file, and no parameters.
      guard distance < 0.1 else {
        misfits.append((candidate.name, "", distance))
        continue
      }
      let model = try spec.network.build(.none)
      let arrays = layout.translate(source.arrays, model)
      guard let difference = Self.difference(arrays, model) else { return (spec, layout) }
      misfits.append((candidate.name, difference, distance))
    }
    let nearest = misfits.sorted { $0.distance < $1.distance }.prefix(3).map { misfit in
      misfit.name + " ("
        + (misfit.difference.isEmpty
          ? "\(Int((100 * misfit.distance).rounded())) % another number of values"
          : misfit.difference) + ")"
    }
    throw FileError(
      "\(source.path): holds \(held), which "
        + (nearest.isEmpty
          ? "no family of networks here has (\(families.map { $0.name }.joined(separator: ", ")));"
          : "no known network has in all; near: \(nearest.joined(separator: ", ")); --model names another one;")
        + " any network can teach as a program (docs/models.md)")
  }

  /// Known networks of the families whose names the file has, each by its first name.
  private var candidates: [(name: String, spec: ModelSpec)] {
    families.filter { family in
      family.layouts.contains { $0.isOf(names) && source.length($0.headBias) != nil }
    }.flatMap { family in
      family.known.map { (name: $0.name, spec: ModelSpec($0.spec)) }
    }.reduce(into: []) { candidates, candidate in
      guard !candidates.contains(where: { $0.spec == candidate.spec }) else { return }
      candidates.append(candidate)
    }
  }

  /// Which networks the file might be of, said after another was named.
  private var guess: String {
    let families = families.filter { $0.layouts.contains { $0.isOf(names) } }
    return families.isEmpty
      ? "" : "; its names are those of a \(families.map { $0.name }.joined(separator: " or "))"
  }

  /// The arrays in a few words.
  private var held: String {
    let sorted = source.arrays.map(\.name)
    let shown = sorted.prefix(2).joined(separator: ", ")
    return "\(sorted.count) arrays (\(shown)\(sorted.count > 2 ? ", …" : ""))"
  }

  /// The first ways in which arrays differ from what a network wants; `nil` if they do not.
  private static func difference(_ arrays: WeightLayout.Arrays, _ model: any Model) -> String? {
    let given = Dictionary(
      arrays.map { ($0.name, $0.tensor.shape) }, uniquingKeysWith: { first, _ in first })
    let wanted = Dictionary(
      uniqueKeysWithValues: model.store.tensors.map { ($0.name, $0.tensor.shape) })
    var differences: [String] = []
    for (name, tensor) in model.store.tensors {
      if let shape = given[name] {
        if shape != tensor.shape { differences.append("\(name) is \(shape), not \(tensor.shape)") }
      } else {
        differences.append("no \(name)")
      }
    }
    differences += arrays.filter { wanted[$0.name] == nil }.map { "\($0.name) is not part of it" }
    guard !differences.isEmpty else { return nil }
    return differences.prefix(3).joined(separator: "; ")
      + (differences.count > 3 ? "; and \(differences.count - 3) more differences" : "")
  }
}
