import FunMatchSettings

/// The data sets that have a name.
public enum PublishedDatasets: RegistryKind {
  /// What comes with this package.
  public static let builtIn: [DatasetCard] = [
    .flowers102, .pets, .food101, .sun397, .imagenet, .cifar10, .cifar100, .fashionMNIST,
  ]
  /// What recipes call an entry.
  public static func name(_ entry: DatasetCard) -> String { entry.name }
}

extension Registry {
  /// The same with one more data set.
  public func adding(dataset: DatasetCard) -> Registry {
    adding(dataset, to: PublishedDatasets.self)
  }
}

extension DatasetReference: SettingValue {
  /// The splits of data sets that have a name, or any text, since paths and slices have no end.
  public static func schema(_ registry: Registry) -> Schema {
    let cards = registry.entries(PublishedDatasets.self)
    return .anyOf([
      .names(cards.flatMap { card in card.splits.map { "\(card.name):\($0.name)" } }), .text,
    ])
  }
}
