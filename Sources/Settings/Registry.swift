/// What recipes can name: network families, data sets, distances, optimizers, view policies, metrics. Each module tells
/// what it has of a kind; a user of the library adds to that.
///
/// It is a value, and reaches decoding through `Decoder.userInfo`: there is no global state.
///
///     let registry = Registry.standard.adding(family: MyNetwork.self).adding(metric: .mine)
public struct Registry: Sendable {
  /// What this package has.
  public static let standard = Registry()

  private var added: [ObjectIdentifier: [any Sendable]] = [:]

  private init() {}

  /// All entries of a kind: the package's own, then those that were added.
  public func entries<Kind: RegistryKind>(_ kind: Kind.Type) -> [Kind.Entry] {
    let more = (added[ObjectIdentifier(kind)] ?? []).compactMap { $0 as? Kind.Entry }
    let names = Set(more.map(Kind.name))
    return Kind.builtIn.filter { !names.contains(Kind.name($0)) } + more
  }

  /// The entry of a name; `nil` where there is none.
  public func entry<Kind: RegistryKind>(_ kind: Kind.Type, named name: String) -> Kind.Entry? {
    entries(kind).first { Kind.name($0) == name }
  }

  /// The same with one more entry, which takes the place of one of the same name.
  public func adding<Kind: RegistryKind>(_ entry: Kind.Entry, to kind: Kind.Type) -> Registry {
    var registry = self
    var entries = (added[ObjectIdentifier(kind)] ?? []).compactMap { $0 as? Kind.Entry }
    entries.removeAll { Kind.name($0) == Kind.name(entry) }
    registry.added[ObjectIdentifier(kind)] = entries + [entry]
    return registry
  }
}
