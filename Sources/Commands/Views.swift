import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// `funmatch views`: contact sheets of what each network sees.
struct Views: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw what teachers and student see under a recipe, as PNG contact sheets.")

  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the recipe.", valueName: "key=value"))
  var edits: [String] = []

  @Option(help: "The epoch, 0 being the first.")
  var epoch = 0

  @Option(help: "How many images, from the epoch's first on.")
  var count = 8

  @Option(help: "The folder that the sheets go to.")
  var output: String

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  func validate() throws {
    guard (0...1 << 30).contains(epoch) else {
      throw ValidationError("--epoch must not be negative")
    }
    guard (1...4096).contains(count) else {
      throw ValidationError("--count must be between 1 and 4096")
    }
  }

  func run(_ registry: Registry) throws {
    let datasets = images.datasets(registry)
    let file = try RecipeFile(path: recipe, edits: edits, registry: registry) {
      try $0.count(in: datasets)
    }
    let sheet = try ContactSheet(file.recipe.shared, datasets, workers: loading.threads)
    let pages = try sheet.pages(epoch: epoch, count: count)
    try OutputFolder.make(output)
    for (number, page) in pages.enumerated() {
      let path = "\(output)/epoch-\(epoch)-\(number + 1).png"
      try AtomicFile.write(to: path, try page.pngData())
      print(path)
    }
  }
}
