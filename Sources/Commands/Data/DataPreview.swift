import ArgumentParser
import FunMatchDatasets
import FunMatchFiles
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// `funmatch data preview`: some images of a data set with their classes.
struct DataPreview: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Draw images of a data set, evenly spread, with their classes.")

  @Argument(help: "A data set, such as flowers102:train or folder:PATH.")
  var name: String

  @Option(help: "How many images.")
  var count = 24

  @Option(help: "The PNG to write.")
  var output = "preview.png"

  @OptionGroup var images: DataOptions

  func validate() throws {
    guard output.lowercased().hasSuffix(".png") || output.hasPrefix("/dev/") else {
      throw ValidationError("--output \(output): must end in .png")
    }
    guard (1...1000).contains(count) else {
      throw ValidationError("--count must be between 1 and 1000")
    }
  }

  func run(_ registry: Registry) throws {
    let dataset = try images.datasets(registry).open(DatasetReference(name))
    let sheet = try DatasetPreview(dataset).image(count: count)
    try AtomicFile.write(to: output, try sheet.pngData())
    print(
      "\(output): \(min(count, dataset.count)) of \(NumberText.grouped(dataset.count)) images"
        + (dataset.classNames.isEmpty ? ", no labels" : ", \(dataset.classNames.count) classes"))
  }
}
