import Foundation
import FunMatchDatasets
import FunMatchFiles

/// Which classes of data sets are which of the networks', where they are called otherwise: a YAML map from the one name to the
/// other, such as `{moggy: cat, hound: dog}`. Several may become one. What is not in it keeps its name. Of images whose labels
/// are numbers the classes are called `0`, `1` and so on.
public struct ClassMap: Sendable {
  private let path: String
  private let names: [String: String]

  /// Reads a map.
  ///
  /// - Parameters:
  ///   - name: the file.
  ///   - recipe: a file whose folder a relative name counts from; the current folder without it.
  /// - Throws: `RecipeError` when it cannot be read or is no map from names to names.
  public init(_ name: String, beside recipe: String? = nil) throws {
    let file = HomeFolder.expanded(name)
    let folder = ((recipe ?? "") as NSString).deletingLastPathComponent
    path = file.hasPrefix("/") || folder.isEmpty ? file : folder + "/" + file
    let expected = "a map of class names in YAML"
    let tree = try RecipeFile.tree(path: path, expected: expected)
    var names: [String: String] = [:]
    for (key, value) in tree.mapping ?? [:] {
      guard let from = key.scalar?.string, let to = value.scalar?.string, !to.isEmpty else {
        throw RecipeError(
          "\(path): the class '\(key.scalar?.string ?? "")' has no name in it; expected \(expected)"
        )
      }
      names[from] = to
    }
    guard !names.isEmpty else { throw RecipeError("\(path): is empty; expected \(expected)") }
    self.names = names
  }

  /// A data set with the classes' new names, in the order in which they first occur.
  ///
  /// - Parameter name: what errors call it.
  /// - Throws: `RecipeError` when some of its classes are numbers and have no name in the map, and others have.
  public func renamed(_ dataset: any Dataset, called name: String) throws -> any Dataset {
    let own = Self.names(dataset)
    guard own.contains(where: { names[$0] != nil }) else { return dataset }
    if dataset.classNamesAreNumbers, let bare = own.first(where: { names[$0] == nil }) {
      throw RecipeError(
        "\(path): has no name for class \(bare) of \(name), whose classes are numbers; expected one for each"
      )
    }
    var classes: [String] = []
    var places: [String: Int] = [:]
    let labels = own.map { name in
      let new = names[name] ?? name
      if let place = places[new] { return place }
      places[new] = classes.count
      classes.append(new)
      return classes.count - 1
    }
    return RelabelledDataset(dataset, labels: labels, classNames: classes)
  }

  /// Makes sure that every class of the map is one of some data sets, as they were before they were renamed.
  ///
  /// - Throws: `RecipeError` with those that are not.
  public func check(_ datasets: [any Dataset], called name: String) throws {
    let known = Set(datasets.flatMap(Self.names))
    let others = names.keys.filter { !known.contains($0) }.sorted()
    guard !others.isEmpty else { return }
    throw RecipeError(
      "\(path): \(NameList.text(others)) \(others.count == 1 ? "is no class" : "are no classes") of \(name)"
    )
  }

  /// What the classes of a data set are called here.
  private static func names(_ dataset: any Dataset) -> [String] {
    dataset.classNamesAreNumbers ? dataset.classNames.indices.map(String.init) : dataset.classNames
  }
}
