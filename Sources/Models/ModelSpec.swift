import FunMatchTorch

/// Which network a recipe or a model file means: a map with the family as its one key, `{bit:
/// {depth: 50, width: 1}}`.
public enum ModelSpec: Codable, Sendable, Equatable {
  case bit(BiTSpec)

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case bit
  }

  /// The network of a well-known name: `bit-r50x1`, `bit-r152x2` and their like.
  ///
  /// - Throws: `TorchError` when there is none of that name.
  public init(named name: String) throws {
    let pattern = /bit-r(26|50|101|152)x([1-9][0-9]?)/
    guard let match = name.wholeMatch(of: pattern), let layers = Int(match.1),
      let depth = BiTSpec.depths[layers], let width = Double(match.2)
    else {
      throw TorchError(
        "no model is called '\(name)'; known: bit-r{26,50,101,152}x{1,2,…}, "
          + "or a spec such as 'bit: {depth: [1, 1, 1, 1], width: 0.5, classes: 10}'")
    }
    self = .bit(BiTSpec(depth: depth, width: width))
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
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    guard keys.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected one model family as the only key; known: "
            + CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")))
    }
    self = .bit(try keys.decode(BiTSpec.self, forKey: .bit))
  }

  /// Encodes the map.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .bit(let spec): try keys.encode(spec, forKey: .bit)
    }
  }

  /// Number of classes, where it is known.
  public var classes: Int? {
    get {
      switch self {
      case .bit(let spec): spec.classes
      }
    }
    set {
      switch self {
      case .bit(var spec):
        spec.classes = newValue
        self = .bit(spec)
      }
    }
  }

  /// The same with the number of classes left open.
  public var headless: ModelSpec {
    var spec = self
    spec.classes = nil
    return spec
  }

  /// The same with what is open taken from `other`, a spec that is complete.
  public func completed(by other: ModelSpec) -> ModelSpec {
    switch (self, other) {
    case (.bit(let mine), .bit(let its)):
      .bit(
        mine.completed(
          classes: its.classes, stem: its.stem ?? .official,
          epsilon: its.standardizationEpsilon ?? 1e-10))
    }
  }

  /// The same with official settings for what is open, the number of classes excepted.
  public var completed: ModelSpec { completed(by: self) }

  /// Builds the network with fresh weights drawn from `seed`, or with zeros, to be loaded next.
  ///
  /// - Throws: `TorchError` when the spec is out of range or leaves `classes` open.
  public func build(seed: UInt64?) throws -> any Model {
    guard let seed else { return try build(drawsValues: false) }
    return try Torch.withSeed(seed) { try build(drawsValues: true) }
  }

  private func build(drawsValues: Bool) throws -> any Model {
    switch self {
    case .bit(let spec): return try BiTResNet(spec, drawsValues: drawsValues)
    }
  }

  /// Checks, before memory is taken for a network, that it is not far larger than what a file holds.
  ///
  /// - Throws: `TorchError` naming the file when it is, or the spec is out of range.
  func check(values: Int, in path: String) throws {
    let wanted: Double
    do {
      switch self {
      case .bit(let spec):
        try spec.validate()
        wanted = spec.parameterCount
      }
    } catch {
      throw TorchError("\(path): \(error)")
    }
    guard wanted <= 2 * Double(values) + 1e6 else {
      throw TorchError(
        "\(path): holds \(values) values, a network of the given shape has \(Int(wanted))")
    }
  }

  /// - Throws: `TorchError` when a size is out of range.
  public func validate() throws {
    switch self {
    case .bit(let spec): try spec.validate()
    }
  }
}
