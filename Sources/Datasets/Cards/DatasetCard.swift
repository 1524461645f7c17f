/// A data set that is known by name: one value a data set, listed in `PublishedDatasets`.
public struct DatasetCard: Sendable {
  /// Its name in recipes and commands.
  public let name: String
  /// One line about it.
  public let summary: String
  /// Its splits, with the number of images in the published data set.
  public let splits: [(name: String, count: Int)]
  /// Number of classes in the published data set.
  public let classes: Int
  /// Where it comes from.
  public let source: DatasetSource
  /// Other names of its splits, beside `val`.
  let aliases: [String: String]
  /// Opens a split, looking under the given folders.
  let open: @Sendable (_ split: String, _ folders: [String]) throws -> any Dataset

  /// A data set that recipes can name.
  ///
  /// - Parameters:
  ///   - aliases: other names of its splits, beside `val`.
  ///   - source: where it comes from; what a user has already needs none.
  ///   - open: opens a split, looking under the given folders.
  public init(
    name: String, summary: String, splits: [(name: String, count: Int)], classes: Int,
    aliases: [String: String] = [:], source: DatasetSource = .none,
    open: @escaping @Sendable (_ split: String, _ folders: [String]) throws -> any Dataset
  ) {
    self.name = name
    self.summary = summary
    self.splits = splits
    self.classes = classes
    self.aliases = aliases
    self.source = source
    self.open = open
  }

  /// Number of images that a split, by any of its names, has in the published data set; `nil` when
  /// there is no such split, or its number is not known.
  public func publishedCount(of split: String) -> Int? {
    let name = meant(by: split, usually: split)
    return splits.first { $0.name == name }?.count
  }

  /// The split that a user means: `val` is also `validation`, and so is a usual `test` where there
  /// is none.
  func meant(by split: String?, usually usual: String) -> String {
    let names = splits.map(\.name)
    if let alias = split.flatMap({ aliases[$0] }) { return alias }
    let (wanted, other) = split.map { ($0, "val") } ?? (usual, "test")
    let isMissing = wanted == other && !names.contains(wanted)
    return isMissing && names.contains("validation") ? "validation" : wanted
  }

  /// The error about a split that there is not, for `open` to throw.
  public func unknown(_ split: String) -> DatasetError {
    let names = splits.map(\.name)
    let list = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    return DatasetError("\(name) has the splits \(list), not '\(split)'")
  }
}
