import FunMatchFiles

/// Arrays under the names that networks give them, without what wrappers put before and between.
struct WeightNames {
  /// All arrays of a network, and what else is in the file.
  let arrays: WeightLayout.Arrays
  /// What stood before the network's names, such as `model.`; empty: nothing.
  let prefix: String
  /// Names of arrays that it did not stand before.
  let outside: Set<String>

  /// What DataParallel, `torch.compile`, FSDP and checkpointing of activations put into names, wherever they
  /// wrap a module.
  private static let wrappers: Set<Substring> = [
    "module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
  ]
  /// What normalisations, averages of weights and profilers count in.
  private static let counters: Set<Substring> = [
    "num_batches_tracked", "n_averaged", "total_ops", "total_params",
  ]
  // Deeper, nobody wraps a network; nor has one more arrays.
  private static let maximumDepth = 8
  private static let maximumCount = 50_000

  /// - Parameters:
  ///   - chosen: what stands before the names that are meant; `nil`: it is looked for.
  ///   - isKnown: whether a family of networks has such names.
  ///   - path: the file's.
  /// - Throws: `FileError` when no name begins with `chosen`, or several networks are in the file.
  init(
    _ all: WeightLayout.Arrays, prefix chosen: String?, isKnown: (Set<String>) -> Bool,
    path: String
  ) throws {
    var arrays = all.filter { array in
      !Self.counters.contains(array.name.split(separator: ".").last ?? "")
    }
    var prefix = ""
    if let chosen {
      prefix = chosen.hasSuffix(".") || chosen.hasSuffix("/") ? chosen : chosen + "."
      let parts = [arrays, Self.unwrapped(arrays)].map { Self.part(of: $0, under: prefix) }
      guard let part = parts.first(where: { !$0.isEmpty }) else {
        throw FileError(
          "\(path): no name begins with '\(prefix)'; they begin with \(Self.beginnings(arrays))")
      }
      arrays = part
    }
    arrays = Self.unwrapped(arrays)
    let names = Set(arrays.map(\.name))
    guard !isKnown(names), names.count <= Self.maximumCount else {
      (self.arrays, self.prefix, outside) = (arrays, prefix, [])
      return
    }
    // What is within a network is none, though a family may think so.
    let roots = Self.groups(names).filter { isKnown($0.value) }.keys.sorted()
      .reduce(into: [String]()) { outermost, root in
        if outermost.last.map(root.hasPrefix) != true { outermost.append(root) }
      }
    guard roots.count <= 1 else {
      let found = roots.map { prefix + $0 }
      throw FileError(
        "\(path): holds several networks, under \(found.prefix(6).joined(separator: ", "))"
          + "\(found.count > 6 ? ", …" : ""); `funmatch import --prefix \(found[0])` and its like say which is meant, "
          + "in a recipe `prefix: \(found[0])` beside `weights`"
      )
    }
    guard let root = roots.first else {
      (self.arrays, self.prefix, outside) = (arrays, prefix, [])
      return
    }
    self.prefix = prefix + root
    outside = names.filter { !$0.hasPrefix(root) }
    self.arrays = arrays.map { array in
      (
        array.name.hasPrefix(root) ? String(array.name.dropFirst(root.count)) : array.name,
        array.tensor
      )
    }
  }

  /// The arrays whose names begin with `prefix`, under the rest of these.
  private static func part(
    of arrays: WeightLayout.Arrays, under prefix: String
  ) -> WeightLayout.Arrays {
    arrays.compactMap { name, tensor in
      name.hasPrefix(prefix) && name != prefix
        ? (String(name.dropFirst(prefix.count)), tensor) : nil
    }
  }

  /// The same without the names of wrappers; as they are where two would be called the same then.
  private static func unwrapped(_ arrays: WeightLayout.Arrays) -> WeightLayout.Arrays {
    let names = arrays.map { array in
      array.name.split(separator: ".", omittingEmptySubsequences: false)
        .filter { !wrappers.contains($0) }.joined(separator: ".")
    }
    guard Set(names).count == Set(arrays.map(\.name)).count else { return arrays }
    return zip(names, arrays).map { ($0, $1.tensor) }
  }

  /// The rests of names by what comes before them.
  private static func groups(_ names: Set<String>) -> [String: Set<String>] {
    var groups: [String: Set<String>] = [:]
    for name in names {
      var rest = name[...]
      for _ in 0..<maximumDepth {
        guard let dot = rest.firstIndex(of: ".") else { break }
        rest = rest[rest.index(after: dot)...]
        groups[String(name[..<rest.startIndex]), default: []].insert(String(rest))
      }
    }
    return groups
  }

  /// The first parts of names, for a sentence.
  private static func beginnings(_ arrays: WeightLayout.Arrays) -> String {
    let parts = Set(
      arrays.map { array in
        array.name.firstIndex(of: ".").map { String(array.name[...$0]) } ?? array.name
      }
    ).sorted()
    return parts.prefix(6).joined(separator: ", ") + (parts.count > 6 ? ", …" : "")
  }
}
