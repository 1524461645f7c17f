import ArgumentParser
import FunMatchDatasets
import FunMatchSettings

/// Where a command looks for data sets.
struct DataOptions: ParsableArguments {
  @Option(help: "Folder with data sets, before FUNMATCH_DATA and the places of packages.")
  var dataDir: String?

  /// Opens data sets by name.
  func datasets(_ registry: Registry) -> DatasetRegistry {
    DatasetRegistry(dataFolder: dataDir, registry: registry)
  }
}
