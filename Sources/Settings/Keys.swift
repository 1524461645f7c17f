/// What is done with all keys of a map.
extension Array {
  /// Keys in their order, sections of one name made one: in the place of the first, with the keys of all.
  public func mergingSections<Root: Sendable>() -> [Key<Root>] where Element == Key<Root> {
    reduce(into: []) { merged, key in
      guard let more = key.section,
        let place = merged.firstIndex(where: { $0.name == key.name }),
        let own = merged[place].section
      else { return merged.append(key) }
      merged[place] = .section(key.name, merged[place].documentation, own + more)
    }
  }

  /// Takes the values of the keys that are given.
  ///
  /// - Parameter refusesUnknown: whether a key that is none of these is an error.
  func decode<Root: Sendable>(
    _ root: inout Root, _ container: KeyedDecodingContainer<KeyName>, refusesUnknown: Bool = false
  ) throws where Element == Key<Root> {
    var given = Set(
      try container.allKeys.filter { try !container.decodeNil(forKey: $0) }.map(\.stringValue))
    for group in Set(compactMap(\.group)) {
      let names = filter { $0.group == group }.map(\.name)
      let told = names.filter(given.contains)
      guard told.count < 2 else {
        let list = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
        throw SettingsError.at(container.codingPath, "only one of \(list) can be given")
      }
      if !told.isEmpty { given.insert("group:" + group) }
    }
    for key in self { try key.read(&root, container, given) }
    if refusesUnknown { try checkUnknown(container) }
  }

  /// - Throws: `SettingsError` when the map has a key that is none of these, or one of a section has.
  private func checkUnknown<Root: Sendable>(_ container: KeyedDecodingContainer<KeyName>) throws
  where Element == Key<Root> {
    let names = map(\.name)
    for name in container.allKeys.map(\.stringValue) {
      guard let key = first(where: { $0.name == name }) else {
        let place = container.codingPath.dotted
        throw SettingsError(
          key: joinedKey(place, name),
          sentence:
            "unknown key '\(joinedKey(place, name))'; \(NearestName.hint(name, among: names))"
            + "\(place.isEmpty ? "a recipe" : place) has "
            + names.sorted().joined(separator: ", "))
      }
      if let section = key.section, try !container.decodeNil(forKey: KeyName(name)) {
        try section.checkUnknown(
          container.nestedContainer(keyedBy: KeyName.self, forKey: KeyName(name)))
      }
    }
  }

  /// How they are told to people and editors.
  ///
  /// - Parameter defaults: what has all defaults.
  func descriptions<Root: Sendable>(_ registry: Registry, _ defaults: Root) -> [KeyDescription]
  where Element == Key<Root> {
    map { key in
      guard let section = key.section else { return key.description(registry, defaults) }
      return KeyDescription(
        name: key.name, documentation: key.documentation,
        standard: key.isRequired ? nil : key.standard(defaults),
        schema: .map(section.descriptions(registry, defaults)))
    }
  }
}
