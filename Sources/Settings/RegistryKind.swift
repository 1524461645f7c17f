/// One kind of thing that recipes name.
public protocol RegistryKind {
  /// What is registered.
  associatedtype Entry: Sendable
  /// What the package has of it.
  static var builtIn: [Entry] { get }
  /// What recipes call an entry.
  static func name(_ entry: Entry) -> String
}
