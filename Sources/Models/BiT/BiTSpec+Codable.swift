extension BiTSpec {
  private enum CodingKeys: String, CodingKey {
    case depth, width, classes, stem, groups, standardizationEpsilon
  }

  /// `depth` is a number of layers (26, 50, 101, 152) or a list; all other keys may be absent.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let depth: [Int]
    if let layers = try? keys.decode(Int.self, forKey: .depth) {
      guard let units = Self.depths[layers] else {
        throw DecodingError.dataCorruptedError(
          forKey: .depth, in: keys,
          debugDescription: "\(layers) must be 26, 50, 101, 152 or a list of units a stage")
      }
      depth = units
    } else {
      depth = try keys.decode([Int].self, forKey: .depth)
    }
    self.init(depth: depth)
    width = try keys.decodeIfPresent(Double.self, forKey: .width) ?? width
    classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
    stem = try keys.decodeIfPresent(Stem.self, forKey: .stem)
    groups = try keys.decodeIfPresent(Int.self, forKey: .groups) ?? groups
    standardizationEpsilon =
      try keys.decodeIfPresent(Double.self, forKey: .standardizationEpsilon)
  }

  /// Writes every key, `depth` as a number where it has one.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    if let layers = Self.depths.first(where: { $0.value == depth })?.key {
      try keys.encode(layers, forKey: .depth)
    } else {
      try keys.encode(depth, forKey: .depth)
    }
    try keys.encode(width, forKey: .width)
    try keys.encode(classes, forKey: .classes)
    try keys.encode(stem, forKey: .stem)
    try keys.encode(groups, forKey: .groups)
    try keys.encode(standardizationEpsilon, forKey: .standardizationEpsilon)
  }
}

extension BiTSpec.Stem: Codable {
  private enum CodingKeys: String, CodingKey {
    case small
  }
  private struct Small: Codable {
    var stride: Int
  }

  /// `official`, `timm`, `small` (stride 1) or `{small: {stride: 2}}`.
  public init(from decoder: any Decoder) throws {
    if let keys = try? decoder.container(keyedBy: CodingKeys.self) {
      self = .small(stride: try keys.decode(Small.self, forKey: .small).stride)
      return
    }
    let value = try decoder.singleValueContainer()
    switch try value.decode(String.self) {
    case "official": self = .official
    case "timm": self = .timm
    case "small": self = .small(stride: 1)
    case let name:
      throw DecodingError.dataCorruptedError(
        in: value,
        debugDescription: "'\(name)' is not a stem: official, timm, small or {small: {stride: 2}}")
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .official, .timm:
      var value = encoder.singleValueContainer()
      try value.encode(self == .timm ? "timm" : "official")
    case .small(let stride):
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(Small(stride: stride), forKey: .small)
    }
  }
}
