extension MobileNetV3Spec {
  private enum CodingKeys: String, CodingKey {
    case size, width, norm, groups, classes
  }

  private enum NormName: String, Codable {
    case batch, group
  }

  /// `size` is needed; `groups` goes with `norm: group` alone.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init(size: try keys.decode(Size.self, forKey: .size))
    width = try keys.decodeIfPresent(Double.self, forKey: .width) ?? width
    classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
    let groups = try keys.decodeIfPresent(Int.self, forKey: .groups)
    switch try keys.decodeIfPresent(NormName.self, forKey: .norm) ?? .batch {
    case .group: norm = .group(groups ?? Self.usualGroups)
    case .batch:
      guard groups == nil else {
        throw DecodingError.dataCorruptedError(
          forKey: .groups, in: keys, debugDescription: "groups are for norm: group alone")
      }
      norm = .batch
    }
  }

  /// Writes every key.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(size, forKey: .size)
    try keys.encode(width, forKey: .width)
    switch norm {
    case .batch:
      try keys.encode(NormName.batch, forKey: .norm)
      try keys.encodeNil(forKey: .groups)
    case .group(let groups):
      try keys.encode(NormName.group, forKey: .norm)
      try keys.encode(groups, forKey: .groups)
    }
    try keys.encode(classes, forKey: .classes)
  }
}
