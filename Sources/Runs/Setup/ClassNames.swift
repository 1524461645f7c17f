import FunMatchDatasets
import FunMatchFiles
import FunMatchRecipes

/// Whether a network's classes are those of a data set's labels.
public enum ClassNames {
  /// Checks the labels of `dataset` against a network of `classes` classes with these names, if they
  /// are known. Labels without names may leave out the last classes; names may come in any order, and leave out any.
  ///
  /// - Parameters:
  ///   - name: what the data set is called in an error.
  ///   - network: what the network is called.
  /// - Throws: `RecipeError` when labels without names are too many, or a name is none of the network's.
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
    guard names.count == classes, !isMadeUp(names) else {
      guard labels.count == classes else {
        throw RecipeError("\(name) has \(labels.count) classes, \(network) has \(classes)")
      }
      return
    }
    if let words = difference(labels, of: name, names, of: network) { throw RecipeError(words) }
    guard labels == names || RelabelledDataset(dataset, as: names) != nil else {
      let twice = repeated(names) ?? repeated(labels) ?? ""
      throw RecipeError(
        "'\(twice)' is the name of several classes of \(name) or of \(network), so that names do not tell them apart"
      )
    }
  }

  /// Classes that are none of a network's, in words; `nil` where all are.
  static func difference(
    _ labels: [String], of name: String, _ names: [String], of network: String
  ) -> String? {
    let (known, own) = (Set(names), Set(labels))
    let others = labels.filter { !known.contains($0) }
    guard !others.isEmpty else { return nil }
    let left = names.filter { !own.contains($0) }
    return
      "\(name): \(others.count) of its \(labels.count) classes \(others.count == 1 ? "is" : "are") none of those of \(network): \(NameList.text(others))"
      + (left.isEmpty ? "" : "; \(network) has \(NameList.text(left)) besides")
      + "; classes.map of a recipe, or --class-map of evaluate and probe, says which is which"
  }

  private static func repeated(_ names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
  }

  /// Whether nobody named the classes: `class 0`, `class 1` and so on stand in for names.
  package static func isMadeUp(_ names: [String]) -> Bool {
    names.enumerated().allSatisfy { $1 == "class \($0)" }
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
