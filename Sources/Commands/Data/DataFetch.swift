import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchSettings

/// `funmatch data fetch`: a data set or released weights from their official addresses.
struct DataFetch: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch a data set, released BiT weights, or a model of Hugging Face.",
    discussion: """
      Files are verified where a checksum is published; a transfer that broke goes on where it was. \
      Data sets go to NAME under --data-dir (else FUNMATCH_DATA, else data), weights to --data-dir \
      (else FUNMATCH_WEIGHTS, else weights), those of hf:OWNER/NAME[@REVISION] to its folder \
      OWNER--NAME[@REVISION]. HF_ENDPOINT, HF_HUB_OFFLINE, HF_HOME, HF_HUB_CACHE and what tells the token (HF_TOKEN, \
      HF_TOKEN_PATH) hold as for Hugging Face's own programs.
      """)

  @Argument(
    help:
      "A name that `funmatch data list` shows, or of weights such as R50x1_224, or hf:OWNER/NAME[@REVISION]."
  )
  var name: String

  @Option(help: "An address to use in place of everything before a file's name.")
  var mirror: String?

  @OptionGroup var images: DataOptions

  func validate() throws {
    guard mirror?.contains("://") ?? true else {
      throw ValidationError("--mirror \(mirror ?? ""): expected an address such as https://…")
    }
    guard mirror == nil || !HubReference.isMeant(by: name) else {
      throw ValidationError(
        "--mirror is not for hf: names; HF_ENDPOINT names another server for them")
    }
  }

  func run(_ registry: Registry) throws {
    if HubReference.isMeant(by: name) {
      let folder = images.dataDir ?? PublishedWeights.folder
      let models = HubModels(folder: folder, report: Terminal().say, detail: Terminal().say)
      return try print(models.fetch(HubReference(name)))
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
      try DatasetFetcher(folder: folder, mirror: mirror, report: Terminal().say).fetch(card.source)
      print(folder)
      return
    }
    guard let weights = PublishedWeights.known.first(where: { $0.name == name }) else {
      throw DatasetError(
        "'\(name)' is neither a data set (\(images.datasets(registry).cards.map(\.name).joined(separator: ", "))) nor "
          + "hf:OWNER/NAME, nor released weights (\(PublishedWeights.known.map(\.name).joined(separator: ", ")))"
      )
    }
    let folder = images.dataDir ?? PublishedWeights.folder
    try DatasetFetcher(folder: folder, mirror: mirror, report: Terminal().say).fetch(weights.file)
    print("\(folder)/\(weights.file.name)")
  }
}
