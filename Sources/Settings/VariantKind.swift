/// A thing that has several kinds, such as optimizers.
public protocol VariantKind: RegistryKind {
  /// What all of them can do: the existential of a protocol that refines `Variant`.
  associatedtype Value: Sendable
  /// What one is called in errors, such as `optimizer`.
  static var noun: String { get }
  /// What is registered as the type that it is.
  static func variant(_ entry: Entry) -> any Variant.Type
}

extension VariantKind {
  /// Its name in recipes.
  public static func name(_ entry: Entry) -> String { variant(entry).name }
}

extension VariantKind where Entry == any Variant.Type {
  /// The same.
  public static func variant(_ entry: any Variant.Type) -> any Variant.Type { entry }
}
