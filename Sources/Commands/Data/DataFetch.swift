import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchSettings

/// `funmatch data fetch`: a data set or released weights from their official addresses.
struct DataFetch: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch a data set, or released BiT weights, from its official address.",
    discussion: """
      Files are verified where a checksum is published; a transfer that broke goes on where it was. \
      Data sets go to NAME under --data-dir (else FUNMATCH_DATA, else data), weights to --data-dir \
      (else FUNMATCH_WEIGHTS, else weights).
      """)

  @Argument(help: "A name that `funmatch data list` shows, or of weights such as R50x1_224.")
  var name: String

  @Option(help: "An address to use in place of everything before a file's name.")
  var mirror: String?

  @OptionGroup var images: DataOptions

  func validate() throws {
    guard mirror?.contains("://") ?? true else {
      throw ValidationError("--mirror \(mirror ?? ""): expected an address such as https://…")
    }
  }

  func run(_ registry: Registry) throws {
    func tell(_ line: String) {
      try? FileHandle.standardError.write(contentsOf: Foundation.Data((line + "\n").utf8))
    }
    if let card = images.datasets(registry).card(name) {
      // Unpacked by hand or by a package, it need not be fetched.
      if let split = card.splits.first?.name,
        (try? images.datasets(registry).open(DatasetReference("\(name):\(split)"))) != nil
      {
        print("\(name) is here already; `funmatch data verify \(name)` looks at every image")
        return
      }
      let folder = (images.datasets(registry).folders.first ?? "data") + "/" + name
      try DatasetFetcher(folder: folder, mirror: mirror, report: tell).fetch(card.source)
      print(folder)
      return
    }
    guard let weights = PublishedWeights.known.first(where: { $0.name == name }) else {
      throw DatasetError(
        "'\(name)' is neither a data set (\(images.datasets(registry).cards.map(\.name).joined(separator: ", "))) nor "
          + "released weights (\(PublishedWeights.known.map(\.name).joined(separator: ", ")))")
    }
    let environment = ProcessInfo.processInfo.environment["FUNMATCH_WEIGHTS"] ?? ""
    let folder = images.dataDir ?? (environment.isEmpty ? "weights" : environment)
    try DatasetFetcher(folder: folder, mirror: mirror, report: tell).fetch(weights.file)
    print("\(folder)/\(weights.file.name)")
  }
}
