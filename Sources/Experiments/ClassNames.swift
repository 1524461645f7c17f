import FunMatchDatasets

/// Whether a network's classes are those of a data set's labels.
public enum ClassNames {
  /// Checks the labels of `dataset` against a network of `classes` classes with these names, if they
  /// are known. Labels without names may leave out the last classes.
  ///
  /// - Parameters:
  ///   - name: what the data set is called in an error.
  ///   - network: what the network is called.
  /// - Throws: `ExperimentError` when their numbers differ, or a name is in different places.
  public static func check(
    _ dataset: any Dataset, called name: String, classes: Int, names: [String], network: String
  ) throws {
    let labels = dataset.classNames
    guard !labels.isEmpty else { return }
    if dataset.classNamesAreNumbers {
      guard labels.count > classes else { return }
      throw ExperimentError(
        "\(name) has labels up to \(labels.count - 1), \(network) \(classes) classes")
    }
    guard labels.count == classes else {
      throw ExperimentError("\(name) has \(labels.count) classes, \(network) has \(classes)")
    }
    guard names.count == classes else { return }
    // Other names may be other words for the same; the same name in another place cannot be.
    let places = Dictionary(zip(names, names.indices)) { first, _ in first }
    for (number, label) in labels.enumerated() {
      guard let place = places[label], place != number, names[number] != label else { continue }
      throw ExperimentError(
        "'\(label)' is class \(number) of \(name) and class \(place) of \(network): labels would mean "
          + "something else")
    }
  }
}
