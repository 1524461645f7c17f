import FunMatchFiles
import FunMatchSettings
import FunMatchTorch

/// Finds out which network a file of weights is of.
struct WeightRecognition {
  private let source: WeightSource
  private let newHead: Int?
  private let families: [any NetworkSpec.Type]
  private let names: Set<String>

  /// - Parameter newHead: number of classes of a head that takes the place of the file's.
  init(_ source: WeightSource, newHead: Int?, _ registry: Registry) {
    (self.source, self.newHead) = (source, newHead)
    families = registry.families
    names = source.names
  }

  /// A spec with what it leaves open taken from the file, and the file's arrays.
  ///
  /// - Throws: `FileError` when the names are not the family's, the head is missing or of other classes, or
  ///   this tool wrote the file for another network.
  func completed(_ spec: ModelSpec) throws -> WeightMatch {
    let family = type(of: spec.network)
    guard let layout = layout(of: family) else {
      let expected = family.layouts.map { "\($0.name)'s (\($0.headBias))" }
      throw FileError(
        "\(source.path): holds \(held), and not the names of a \(family.name): "
          + expected.joined(separator: " or ") + guess)
    }
    var spec = spec
    spec.classes = newHead ?? spec.classes ?? source.length(layout.headBias)
    if let card = source.card {
      spec = spec.completed(by: card.spec)
      guard newHead == nil ? card.spec == spec : card.spec.headless == spec.headless else {
        throw FileError(
          "\(source.path): holds \(try JSONText.line(card.spec)), and not "
            + "\(try JSONText.line(spec)) that is named")
      }
    } else {
      spec = ModelSpec(spec.network.completed(for: layout))
    }
    // What a head takes that the file does not have, or not yet, does not count.
    var filed = spec
    filed.classes = newHead == nil ? spec.classes ?? 1 : 1
    try filed.check(values: source.valueCount, in: source.path)
    let match = try fitted(spec, layout)
    // What a body lacks is told of where the network takes its values.
    if let headless = match.headless, headless.hasBody { throw headless.missing(in: source.path) }
    try refuseOutsiders(match)
    return match
  }

  /// The arrays of a network whose shape is known, with the head that it shall have.
  private func fitted(_ spec: ModelSpec, _ layout: WeightLayout) throws -> WeightMatch {
    let head = source.length(layout.headBias)
    if newHead == nil, let head, let wanted = spec.classes, head != wanted {
      throw otherClasses(head, wanted)
    }
    var one = spec
    one.classes = spec.classes ?? 1
    let model = try one.buildWithoutValues()
    let found = WeightHead(layout.translate(source.arrays, model), model)
    var match = WeightMatch(spec: one, layout: layout, arrays: found.arrays)
    if newHead != nil {
      match.arrays = found.replaced(source.outside)
    } else if head == nil {
      guard let renamed = found.renamed else {
        match.headless = found
        return match
      }
      if let wanted = spec.classes, renamed.classes != wanted {
        throw otherClasses(renamed.classes, wanted)
      }
      (match.arrays, match.spec.classes, match.head) = renamed
    }
    return match
  }

  private func otherClasses(_ head: Int, _ wanted: Int) -> FileError {
    FileError(
      "\(source.path): the head has \(head) classes, and not \(wanted); `funmatch import --head drop --classes "
        + "\(wanted)`, or `head: reset` of a student in a recipe, gives the network a new one, which is untrained"
    )
  }

  /// Arrays beside the network are left out only where that is said.
  private func refuseOutsiders(_ match: WeightMatch) throws {
    let others = match.arrays.map(\.name).filter(source.outside.contains).sorted()
    guard others.isEmpty else {
      throw FileError(
        "\(source.path): holds a network under \(source.prefix) and beside it "
          + others.prefix(4).joined(separator: ", ") + (others.count > 4 ? ", …" : "")
          + "; `funmatch import --prefix \(source.prefix)` leaves that out, in a recipe `prefix: \(source.prefix)` beside "
          + "`weights`")
    }
  }

  /// The known network whose names and shapes are the file's.
  ///
  /// - Throws: `FileError` telling what comes near when there is none.
  func recognised() throws -> WeightMatch {
    if let card = source.card {
      return try completed(newHead == nil ? card.spec : card.spec.headless)
    }
    var misfits: [(name: String, difference: String, distance: Double)] = []
    var headless: WeightHead?
    for candidate in candidates {
      let layout = candidate.layout
      let head = newHead == nil ? source.length(layout.headBias) : nil
      var spec = candidate.spec
      spec.classes = newHead ?? head
      spec = ModelSpec(spec.network.completed(for: layout))
      let count = Double(try (head == nil ? spec.headless : spec).network.parameterCount)
      let distance = abs(count / Double(max(source.valueCount, 1)) - 1)
      // Statistics of normalisations are in the file, and no parameters; and how much is there in a head's
      // place cannot be known.
      guard distance < 0.1 || head == nil else {
        misfits.append((candidate.name, "", distance))
        continue
      }
      let match = try fitted(spec, layout)
      guard let difference = try difference(match) else {
        guard match.headless != nil else {
          try refuseOutsiders(match)
          return match
        }
        headless = match.headless
        continue
      }
      misfits.append((candidate.name, difference, distance))
    }
    if let headless { throw headless.missing(in: source.path) }
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
          : "no known network has in all; near: \(nearest.joined(separator: ", ")); --model, in a recipe `model`, names another one;")
        + " any network can teach as a program (docs/models.md)")
  }

  /// How the file lays out weights, if they are a family's.
  private func layout(of family: any NetworkSpec.Type) -> WeightLayout? {
    family.layouts.first { $0.isOf(names) }
  }

  /// Known networks of the families whose names the file has, each by its first name.
  private var candidates: [(name: String, spec: ModelSpec, layout: WeightLayout)] {
    families.flatMap { family in
      layout(of: family).map { layout in
        family.known.map { (name: $0.name, spec: ModelSpec($0.spec), layout: layout) }
      } ?? []
    }.reduce(into: []) { candidates, candidate in
      guard !candidates.contains(where: { $0.spec == candidate.spec }) else { return }
      candidates.append(candidate)
    }
  }

  /// Which networks the file might be of, said after another was named.
  private var guess: String {
    let families = families.filter { layout(of: $0) != nil }
    return families.isEmpty
      ? "" : "; its names are those of a \(families.map { $0.name }.joined(separator: " or "))"
  }

  /// The arrays in a few words.
  private var held: String {
    let sorted = source.arrays.map(\.name)
    let shown = sorted.prefix(2).joined(separator: ", ")
    return "\(sorted.count) arrays (\(shown)\(sorted.count > 2 ? ", …" : ""))"
  }

  /// The first ways in which arrays differ from what a network wants, its head excepted if the file has none;
  /// `nil` if they do not. What is beside the network in the file does not count.
  private func difference(_ match: WeightMatch) throws -> String? {
    let model = try match.spec.network.build(.none)
    let heads = match.headless == nil ? [] : Set(model.head.map(\.name))
    let wanted = model.store.tensors.filter { !heads.contains($0.name) }
    let given = Dictionary(
      match.arrays.map { ($0.name, $0.tensor.shape) }, uniquingKeysWith: { first, _ in first })
    var differences: [String] = []
    for (name, tensor) in wanted {
      if let shape = given[name] {
        if shape != tensor.shape { differences.append("\(name) is \(shape), not \(tensor.shape)") }
      } else {
        differences.append("no \(name)")
      }
    }
    // Whatever is in the place of a head that is missing is told of with it.
    if match.headless == nil {
      differences += match.arrays.filter {
        model.store[$0.name] == nil && !source.outside.contains($0.name)
      }.map { "\($0.name) is not part of it" }
    }
    guard !differences.isEmpty else { return nil }
    return differences.prefix(3).joined(separator: "; ")
      + (differences.count > 3 ? "; and \(differences.count - 3) more differences" : "")
  }
}
