import Foundation
import FunMatchFiles
import FunMatchSettings

/// Finds data sets by name, or by their path, under the folders that may hold them.
public struct DatasetRegistry: Sendable {
  /// Folders that are searched, in this order, before the places where packages put a data set.
  public let folders: [String]

  /// Data sets that have a name.
  public let cards: [DatasetCard]

  /// Searches `dataFolder` (the option `--data-dir`), then the environment variable
  /// `FUNMATCH_DATA`; without either the folder `data`, into which `funmatch data fetch` puts them.
  ///
  /// - Parameter registry: tells which data sets have a name.
  public init(
    dataFolder: String? = nil, registry: Registry = .standard,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    cards = registry.entries(PublishedDatasets.self)
    let named = [dataFolder, environment["FUNMATCH_DATA"]].compactMap { $0 }.filter { !$0.isEmpty }
    folders = named.isEmpty ? ["data"] : named
  }

  /// The data set of a name; `nil` where there is none.
  public func card(_ name: String) -> DatasetCard? { cards.first { $0.name == name } }

  /// Opens a split, or the slice of it that the reference names.
  ///
  /// - Parameter split: what a reference by name without a split means; where a data set has no
  ///   split `test`, its split `validation` stands in.
  /// - Throws: `DatasetError` when the data set is unknown, not here or damaged, or the slice is
  ///   empty.
  public func open(
    _ reference: DatasetReference, usually split: String = "train"
  ) throws -> any Dataset {
    let whole = try openWhole(reference, split)
    guard let slice = reference.slice else { return whole }
    let range = try Slice(slice).range(of: whole.count)
    guard !range.isEmpty else {
      throw DatasetError("\(reference) has no images: the whole holds \(whole.count)")
    }
    return SlicedDataset(base: whole, range: range)
  }

  private func openWhole(_ reference: DatasetReference, _ usual: String) throws -> any Dataset {
    if var path = reference.path {
      var split = reference.split
      // What looks like a split may also be the end of a name that has a colon in it.
      if let end = split, reference.query == nil, find(path + ":" + end) != nil {
        (path, split) = (path + ":" + end, nil)
      }
      if reference.name == "folder" { return try ImageFolder.open(locate(path), split: split) }
      if reference.name == "list" {
        return try ImageList.open(locate(path), reference.query ?? ListQuery(), split: split)
      }
      guard split == nil else {
        throw DatasetError("\(reference): \(reference.name) knows no splits; leave it out")
      }
      return try reference.name == "photos"
        ? ImageFolder.photos(locate(path)) : Shards.open(path, locate: locate)
    }
    guard let card = card(reference.name) else {
      throw DatasetError(
        "no data set is called '\(reference.name)'; known: "
          + (cards.map(\.name) + DatasetReference.pathNames.map { $0 + ":PATH" }).joined(
            separator: ", "))
    }
    return try card.open(card.meant(by: reference.split, usually: usual), folders)
  }

  /// Where a path that a user wrote leads: under the first folder that has it, or as it stands.
  private func find(_ written: String) -> String? {
    let path = HomeFolder.expanded(written)
    let places = path.hasPrefix("/") ? [path] : folders.map { $0 + "/" + path } + [path]
    return places.first(where: Folder.exists)
  }

  /// The same.
  ///
  /// - Throws: `DatasetError` when nothing has it.
  private func locate(_ written: String) throws -> String {
    let path = HomeFolder.expanded(written)
    guard let place = find(path) else {
      throw DatasetError(
        "\(path): does not exist"
          + (path.hasPrefix("/")
            ? "" : " in \((folders + ["the current folder"]).joined(separator: " or "))"),
        isAbsence: true)
    }
    return place
  }
}
