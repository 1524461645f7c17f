import FunMatchTorch

/// Which network a recipe or a model file means: a map with the family as its one key, `{bit:
/// {depth: 50, width: 1}}`.
public struct ModelSpec: Codable, Sendable, Equatable {
  /// What tells the network from others of its family.
  public var network: any NetworkSpec

  /// The families that there are. A new one is added here.
  public static let families: [any NetworkSpec.Type] = [
    BiTSpec.self, ResNetSpec.self, ViTSpec.self, MobileNetV3Spec.self, EfficientNetLiteSpec.self,
  ]

  /// A network of any family.
  public init(_ network: any NetworkSpec) { self.network = network }

  /// A BiT.
  public static func bit(_ spec: BiTSpec) -> ModelSpec { ModelSpec(spec) }

  /// The network of a well-known name: `bit-r50x1`, `mobilenet-v3-large` and their like.
  ///
  /// - Throws: `TorchError` when there is none of that name.
  public init(named name: String) throws {
    for family in Self.families {
      if let spec = family.named(name) {
        self.init(spec)
        return
      }
    }
    let names = Self.families.flatMap { $0.known.map(\.name) }
    throw TorchError(
      "no model is called '\(name)'; known: \(names.joined(separator: ", ")), "
        + "or a spec such as 'bit: {depth: [1, 1, 1, 1], width: 0.5, classes: 10}'")
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Decodes the map, or a well-known name.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      do {
        try self.init(named: name)
      } catch {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\(error)"))
      }
      return
    }
    let keys = try decoder.container(keyedBy: Key.self)
    guard keys.allKeys.count == 1, let key = keys.allKeys.first,
      let family = Self.families.first(where: { $0.family == key.stringValue })
    else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected one model family as the only key; known: "
            + Self.families.map { $0.family }.joined(separator: ", ")))
    }
    func decode<Spec: NetworkSpec>(_ family: Spec.Type) throws -> any NetworkSpec {
      try keys.decode(family, forKey: key)
    }
    self.init(try decode(family))
  }

  /// Encodes the map.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Key.self)
    try keys.encode(network, forKey: Key(stringValue: type(of: network).family))
  }

  /// Whether both mean the same network.
  public static func == (a: ModelSpec, b: ModelSpec) -> Bool {
    func isEqual<Spec: NetworkSpec>(_ mine: Spec) -> Bool { mine == b.network as? Spec }
    return isEqual(a.network)
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
  /// - Throws: `TorchError` when the spec is out of range or leaves `classes` open.
  public func build(seed: UInt64?) throws -> any Model {
    let model: any Model
    if let seed {
      model = try Torch.withSeed(seed) { try network.build(drawsValues: true) }
    } else {
      model = try network.build(drawsValues: false)
    }
    model.input = network.usualInput
    return model
  }

  /// Checks, before memory is taken for a network, that it is not far larger than what a file holds.
  ///
  /// - Throws: `TorchError` naming the file when it is, or the spec is out of range.
  func check(values: Int, in path: String) throws {
    do {
      try validate()
    } catch {
      throw TorchError("\(path): \(error)")
    }
    let wanted = network.parameterCount
    guard wanted <= 2 * Double(values) + 1e6 else {
      throw TorchError(
        "\(path): holds \(values) values, a network of the given shape has \(Int(wanted))")
    }
  }

  /// - Throws: `TorchError` when a size is out of range.
  public func validate() throws { try network.validate() }
}
