import ArgumentParser

/// `funmatch data`: what data sets there are, and what is here of them.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, fetch, verify, pack and look at data sets.",
    subcommands: [DataList.self, DataFetch.self, DataVerify.self, DataPack.self, DataPreview.self])
}
