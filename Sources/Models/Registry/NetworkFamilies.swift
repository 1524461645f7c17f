import FunMatchSettings

/// The families of networks that recipes can name.
public enum NetworkFamilies: VariantKind {
  /// What all of them are.
  public typealias Value = any NetworkSpec
  /// The package's own. A new one is added here.
  public static let builtIn: [any NetworkSpec.Type] = [
    BiTSpec.self, ResNetSpec.self, ViTSpec.self, MobileNetV3Spec.self, EfficientNetLiteSpec.self,
  ]
  /// A family.
  public static let noun = "model family"
  /// The same.
  public static func variant(_ entry: any NetworkSpec.Type) -> any Variant.Type { entry }
}

extension Registry {
  /// All families of networks.
  public var families: [any NetworkSpec.Type] { entries(NetworkFamilies.self) }

  /// The same with one more family of networks.
  public func adding(family: any NetworkSpec.Type) -> Registry {
    adding(family, to: NetworkFamilies.self)
  }
}
