import ArgumentParser
import FunMatchDatasets

/// Where a command looks for data sets.
struct DataOptions: ParsableArguments {
  @Option(help: "Folder with data sets, before FUNMATCH_DATA and the places of packages.")
  var dataDir: String?

  /// Opens data sets by name.
  var registry: DatasetRegistry { DatasetRegistry(dataFolder: dataDir) }
}
