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

  /// A name that is in another place in `names`; `nil` when there is none. Other names may be other
  /// words for the same; the same name in another place cannot be.
  static func misplaced(_ labels: [String], among names: [String]) -> String? {
    guard labels.count == names.count else { return nil }
    let places = Dictionary(zip(names, names.indices)) { first, _ in first }
    return zip(labels.indices, labels).first { number, label in
      places[label].map { $0 != number && names[number] != label } ?? false
    }?.1
  }
}
