extension Key {
  /// Keys of `Root` that stand together in a map of their own.
  public static func section(
    _ name: String, _ documentation: String, _ keys: [Key<Root>]
  ) -> Key<Root> {
    let key = KeyName(name)
    return Key(
      name, documentation, isRequired: keys.contains(where: \.isRequired), section: keys,
      read: { root, container, given in
        if given.contains(name) {
          try keys.decode(&root, container.nestedContainer(keyedBy: KeyName.self, forKey: key))
        } else if keys.contains(where: \.isRequired) {
          throw DecodingError.keyNotFound(
            key, .init(codingPath: container.codingPath, debugDescription: "is missing"))
        }
      },
      write: { root, container in
        var nested = container.nestedContainer(keyedBy: KeyName.self, forKey: key)
        for key in keys { try key.write(root, &nested) }
      },
      check: { root, path in for key in keys { try key.check(root, joinedKey(path, key.name)) } },
      schema: { _ in .map([]) },
      standard: { root in
        "{" + keys.map { "\"\($0.name)\":\($0.standard(root))" }.joined(separator: ",") + "}"
      })
  }

  /// The same key of something that has a `Root`.
  public func lifted<Outer: Sendable>(
    _ path: any WritableKeyPath<Outer, Root> & Sendable
  ) -> Key<Outer> {
    if let section { return .section(name, documentation, section.map { $0.lifted(path) }) }
    return Key<Outer>(
      name, documentation, isRequired: isRequired, group: group,
      read: { try read(&$0[keyPath: path], $1, $2) }, write: { try write($0[keyPath: path], &$1) },
      check: { try check($0[keyPath: path], $1) }, schema: schema,
      standard: { standard($0[keyPath: path]) })
  }
}
