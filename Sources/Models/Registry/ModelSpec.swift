import FunMatchFiles
import FunMatchSettings
import FunMatchTorch

/// Which network a recipe or a model file means: a map with the family as its one key, `{bit:
/// {depth: 50, width: 1}}`.
public struct ModelSpec: SettingValue, Equatable {
  /// What tells the network from others of its family.
  public var network: any NetworkSpec

  /// A network of any family.
  public init(_ network: any NetworkSpec) { self.network = network }

  /// A BiT.
  public static func bit(_ spec: BiTSpec) -> ModelSpec { ModelSpec(spec) }

  /// The network of a well-known name: `bit-r50x1`, `mobilenet-v3-large` and their like.
  ///
  /// - Throws: `SettingsError` when there is none of that name.
  public init(named name: String, registry: Registry = .standard) throws {
    for family in registry.families {
      guard let spec = family.named(name) else { continue }
      self.init(spec)
      return
    }
    let names = Self.names(registry)
    throw SettingsError(
      "",
      "no model is called '\(name)'; \(NearestName.hint(name, among: names))known: "
        + names.joined(separator: ", ")
        + ", or a spec such as 'bit: {depth: [1, 1, 1, 1], width: 0.5, classes: 10}'")
  }

  /// Names that people know networks by.
  private static func names(_ registry: Registry) -> [String] {
    registry.families.flatMap { $0.known.map(\.name) }
  }

  private var choice: OneOf<NetworkFamilies> { OneOf(network) }

  /// Decodes the map, or a well-known name.
  public init(from decoder: any Decoder) throws {
    guard let name = try? decoder.singleValueContainer().decode(String.self) else {
      self.init(try OneOf<NetworkFamilies>(from: decoder).value)
      return
    }
    do {
      try self.init(named: name, registry: decoder.registry)
    } catch let error as SettingsError {
      throw SettingsError.at(decoder.codingPath, error.reason)
    }
  }

  /// Encodes the map.
  public func encode(to encoder: any Encoder) throws { try choice.encode(to: encoder) }

  /// Whether both mean the same network.
  public static func == (a: ModelSpec, b: ModelSpec) -> Bool { a.choice == b.choice }

  /// A well-known name, or a map of one family. Some names follow a pattern, so any text may be one.
  public static func schema(_ registry: Registry) -> Schema {
    .anyOf([.names(names(registry)), .text] + OneOf<NetworkFamilies>.maps(registry))
  }

  /// Number of classes, where it is known.
  public var classes: Int? {
    get { network.classes }
    set { network.classes = newValue }
  }

  /// The same with the number of classes left open.
  public var headless: ModelSpec {
    var spec = self
    spec.classes = nil
    return spec
  }

  /// The same with what is open taken from `other`; the same as it is where that is of another family.
  public func completed(by other: ModelSpec) -> ModelSpec {
    func completed<Spec: NetworkSpec>(_ mine: Spec) -> ModelSpec {
      (other.network as? Spec).map { ModelSpec(mine.completed(by: $0)) } ?? self
    }
    return completed(network)
  }

  /// The same with usual settings for what is open, the number of classes excepted.
  public var completed: ModelSpec { ModelSpec(network.completed(for: nil)) }

  /// Builds the network with fresh weights drawn from `seed`, or with zeros, to be loaded next.
  ///
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  public func build(seed: UInt64?) throws -> any Model {
    try validate()
    let model: any Model
    if let seed {
      model = try Torch.withSeed(seed) { try network.build(.drawn) }
    } else {
      model = try network.build(.zeros)
    }
    model.input = network.usualInput
    return model
  }

  /// Builds the network without values: its store has to adopt some.
  ///
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  func buildWithoutValues() throws -> any Model {
    try validate()
    let model = try network.build(.none)
    model.input = network.usualInput
    return model
  }

  /// Checks, before memory is taken for a network, that it is not far larger than what a file holds.
  ///
  /// - Throws: `FileError` naming the file when it is, or the spec is out of range or leaves `classes` open.
  func check(values: Int, in path: String) throws {
    let wanted: Int
    do {
      wanted = try checkedParameterCount(at: "")
      _ = try network.checkedClasses()
    } catch {
      throw FileError("\(path): \(error)")
    }
    guard Double(wanted) <= 2 * Double(values) + 1e6 else {
      throw FileError(
        "\(path): holds \(values) values, a network of the given shape has \(wanted)")
    }
  }

  /// Checks that a network can be built to it.
  ///
  /// - Throws: `SettingsError` naming the key that is out of range.
  public func validate(at key: String = "") throws { _ = try checkedParameterCount(at: key) }

  private func checkedParameterCount(at key: String) throws -> Int {
    try choice.validate(at: key)
    let count = try network.parameterCount
    guard count <= 10_000_000_000 else {
      throw SettingsError(
        at: key, choice.name, "a network of this shape has more than 10,000,000,000 parameters")
    }
    return count
  }
}
