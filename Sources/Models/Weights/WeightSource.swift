import FunMatchFiles
import FunMatchSettings
import FunMatchTorch

/// What a file of weights holds.
struct WeightSource {
  /// The file, the index of shards or the folder.
  let path: String
  /// All arrays but counters, which nothing here needs, under names without those of wrappers.
  let arrays: WeightLayout.Arrays
  /// What its metadata says if this tool wrote it.
  let card: ModelFile.Card?
  /// What timm says of it in the folder that it is in.
  let config: TimmConfig?
  /// The key that it is under in a PyTorch file; `nil`: the file's own dictionary.
  let key: String?
  /// What stood before the names of the network's arrays.
  let prefix: String
  /// Names of arrays that it did not stand before.
  let outside: Set<String>

  /// Reads a `.npz`, `.safetensors` or PyTorch file, whatever it is called, shards of these, or a folder.
  ///
  /// - Throws: `FileError` when it is damaged or of another kind.
  init(_ path: String, _ options: WeightOptions, _ registry: Registry) throws {
    self.path = path
    let files = try WeightFiles(path)
    let format = try WeightFormat(of: files.weights)
    guard options.key == nil || format == .pyTorch else {
      throw FileError(
        "\(path): has no keys, which PyTorch's files alone have: --key is not for it, nor is `key` in a recipe"
      )
    }
    let all: WeightLayout.Arrays
    var (key, card) = (String?.none, ModelFile.Card?.none)
    switch format {
    case .npz: all = try NpzFile(files.weights).readAll()
    case .shards: all = try WeightShards(files.weights).readAll()
    case .pyTorch:
      let file = try PyTorchFile(files.weights, key: options.key)
      all = try file.readAll()
      key = file.key
    case .safetensors:
      let file = try SafetensorsFile(files.weights)
      all = try file.readAll()
      card = try ModelFile.Card(file, registry)
      try card?.check(all)
    }
    // Files of this tool tell all of that by themselves.
    let isOurs = card != nil
    let names = try WeightNames(
      all, prefix: options.prefix,
      isKnown: { names in
        isOurs || registry.families.contains { $0.layouts.contains { $0.isOf(names) } }
      }, path: path)
    (arrays, prefix, outside) = (names.arrays, names.prefix, names.outside)
    config = try isOurs ? nil : files.config.map(TimmConfig.init)
    (self.key, self.card) = (key, card)
  }

  var names: Set<String> { Set(arrays.map(\.name)) }

  var valueCount: Int { arrays.reduce(0) { $0 + $1.tensor.count } }

  /// The length of the array of this name, if there is one.
  func length(_ name: String) -> Int? {
    arrays.first { $0.name == name }.flatMap { $0.tensor.shape.last }
  }
}
