extension CodingUserInfoKey {
  /// The `Registry` that names are looked up in.
  public static let registry = named("funmatch.registry")
  /// Whether a key that a map does not have is an error: it is where a person wrote the file.
  public static let refusesUnknownKeys = named("funmatch.refusesUnknownKeys")

  private static func named(_ name: String) -> CodingUserInfoKey {
    guard let key = CodingUserInfoKey(rawValue: name) else { preconditionFailure("no key \(name)") }
    return key
  }
}

extension Decoder {
  /// What names are looked up in: what the package has, if nothing else was given.
  public var registry: Registry { userInfo[.registry] as? Registry ?? .standard }

  /// Whether a key that a map does not have is an error.
  var refusesUnknownKeys: Bool { userInfo[.refusesUnknownKeys] as? Bool ?? false }
}
