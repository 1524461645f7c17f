import FunMatchDatasets
import FunMatchRecipes

/// Whether a network's classes are those of a data set's labels.
public enum ClassNames {
  /// Checks the labels of `dataset` against a network of `classes` classes with these names, if they
  /// are known. Labels without names may leave out the last classes.
  ///
  /// - Parameters:
  ///   - name: what the data set is called in an error.
  ///   - network: what the network is called.
  /// - Throws: `RecipeError` when their numbers differ, or a name is in different places.
  public static func check(
    _ dataset: any Dataset, called name: String, classes: Int, names: [String], network: String
  ) throws {
    let labels = dataset.classNames
    guard !labels.isEmpty else { return }
    if dataset.classNamesAreNumbers {
      guard labels.count > classes else { return }
      throw RecipeError(
        "\(name) has labels up to \(labels.count - 1), \(network) \(classes) classes")
    }
    // Classes of the same names, all or some, are found by their names.
    guard RelabelledDataset(dataset, as: names) == nil else { return }
    guard labels.count == classes else {
      throw RecipeError("\(name) has \(labels.count) classes, \(network) has \(classes)")
    }
    guard names.count == classes else { return }
    if let label = misplaced(labels, among: names) {
      throw RecipeError(
        "'\(label)' is class \(labels.firstIndex(of: label) ?? 0) of \(name) and class "
          + "\(names.firstIndex(of: label) ?? 0) of \(network): labels would mean something else")
    }
  }

  /// A data set with labels that are a network's classes, where it has some of them, or all in another order.
  ///
  /// - Parameter names: the network's classes, if they are known.
  /// - Returns: it, and what is to be said of that.
  public static func fitted(
    _ dataset: any Dataset, to names: [String]
  ) -> (dataset: any Dataset, remarks: [String]) {
    guard let fitted = RelabelledDataset(dataset, as: names) else { return (dataset, []) }
    let own = Set(dataset.classNames)
    let missing = names.filter { !own.contains($0) }
    let list = missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", ..." : "")
    return (
      fitted,
      [
        missing.isEmpty
          ? "its classes come in another order, and are told by their names"
          : "lacks \(missing.count) of \(names.count) classes: \(list)"
      ]
    )
  }

  /// A name that is in another place in `names`; `nil` when there is none. Other names may be other
  /// words for the same; the same name in another place cannot be.
  public static func misplaced(_ labels: [String], among names: [String]) -> String? {
    guard labels.count == names.count else { return nil }
    let places = Dictionary(zip(names, names.indices)) { first, _ in first }
    return zip(labels.indices, labels).first { number, label in
      places[label].map { $0 != number && names[number] != label } ?? false
    }?.1
  }
}
