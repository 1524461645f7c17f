import Foundation

/// Finds data sets by name under the folders that may hold them.
public struct DatasetRegistry: Sendable {
  /// Folders that are searched, in this order, before the places where packages put a data set.
  public let folders: [String]

  /// Searches `dataFolder` (the option `--data-dir`), then the environment variable
  /// `FUNMATCH_DATA`.
  public init(
    dataFolder: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    folders = [dataFolder, environment["FUNMATCH_DATA"]].compactMap { $0 }.filter { !$0.isEmpty }
  }

  /// Names that `open` knows.
  public static let names = [FashionMNIST.name]

  /// The splits of a data set that `names` has.
  public static func splits(of name: String) -> [String] {
    name == FashionMNIST.name ? FashionMNIST.splits : []
  }

  /// Opens a split, or the slice of it that the reference names.
  ///
  /// - Parameter split: what a reference without a split means.
  /// - Throws: `DatasetError` when the data set is unknown, not here or damaged, or the slice is
  ///   empty.
  public func open(
    _ reference: DatasetReference, usually split: String = "train"
  ) throws -> any Dataset {
    let whole: any Dataset
    switch reference.name {
    case FashionMNIST.name:
      whole = try FashionMNIST(split: reference.split ?? split, searching: folders)
    default:
      throw DatasetError(
        "no data set is called '\(reference.name)'; known: "
          + Self.names.joined(separator: ", "))
    }
    guard let slice = reference.slice else { return whole }
    let range = try Slice(slice).range(of: whole.count)
    guard !range.isEmpty else {
      throw DatasetError("\(reference) has no images: the split holds \(whole.count)")
    }
    return SlicedDataset(base: whole, range: range)
  }
}
