import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchSettings

/// `funmatch data verify`: whether a data set is whole.
struct DataVerify: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Count the images of a data set, compare with what is published, decode all of them.")

  @Argument(
    help: "A name that `funmatch data list` shows, or folder:, photos:, tar: or list: with a path.")
  var name: String

  @Flag(help: "Count only; decode nothing.")
  var quick = false

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  func run(_ registry: Registry) throws {
    let reference = try DatasetReference(name)
    let card = images.datasets(registry).card(reference.name)
    let splits = reference.split == nil ? card?.splits.map(\.name) ?? [] : []
    let slice = reference.slice.map { "[\($0)]" } ?? ""
    let references =
      splits.isEmpty
      ? [reference] : try splits.map { try DatasetReference("\(reference.name):\($0)\(slice)") }
    var faults = 0
    for reference in references {
      let dataset = try images.datasets(registry).open(reference)
      var line = "\(reference): \(NumberText.grouped(dataset.count)) images"
      if reference.slice == nil, let split = reference.split,
        let published = card?.publishedCount(of: split)
      {
        let isRight = published == dataset.count
        line +=
          isRight ? ", as published" : ", published are \(NumberText.grouped(published))"
        faults += isRight ? 0 : 1
      }
      if !dataset.classNames.isEmpty {
        line += ", \(NumberText.grouped(dataset.classNames.count)) classes"
      }
      print(line.printable)
      for remark in dataset.remarks { print("  \(remark)".printable) }
      guard !quick else { continue }
      let broken = DatasetVerifier(dataset, threads: loading.threads).brokenImages { done in
        Terminal().say("decoded \(NumberText.grouped(done)) images")
      }
      faults += broken.count
      for error in broken { print("  \("\(error)".printable)") }
      if broken.isEmpty { print("  every image can be decoded") }
    }
    guard faults == 0 else {
      throw DatasetError(
        "\(name): \(faults) \(faults == 1 ? "fault was" : "faults were") found")
    }
  }
}
