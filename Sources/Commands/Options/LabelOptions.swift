import ArgumentParser
import FunMatchDatasets
import FunMatchRecipes
import FunMatchViews

/// What a command makes of the classes of its images, and of images that are broken.
struct LabelOptions: ParsableArguments {
  @Option(
    help:
      "A YAML file from names of the data set's classes to the model's, as a recipe's classes.map."
  )
  var classMap: String?

  @Flag(help: "Leave out images that cannot be decoded, and name them, instead of failing.")
  var skipBroken = false

  /// What is done about broken images.
  var rule: BrokenImages.Rule { skipBroken ? .skip : .fail }

  /// Data sets with the classes' names of `--class-map`.
  ///
  /// - Parameter datasets: with what errors call them.
  func renamed(
    _ datasets: [(dataset: any Dataset, name: String)]
  ) throws -> [any Dataset] {
    guard let map = try classMap.map({ try ClassMap($0) }) else { return datasets.map(\.dataset) }
    try map.check(
      datasets.map(\.dataset), called: datasets.map(\.name).joined(separator: " or "))
    return try datasets.map { try map.renamed($0.dataset, called: $0.name) }
  }
}
