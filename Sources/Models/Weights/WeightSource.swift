import FunMatchSettings
import FunMatchTorch

/// What a file of weights holds.
struct WeightSource {
  let path: String
  /// All arrays but those that count batches, which nothing here needs.
  let arrays: WeightLayout.Arrays
  /// What its metadata says if this tool wrote it.
  let card: ModelFile.Card?

  /// Reads a `.npz`, `.safetensors` or PyTorch file, whatever it is called.
  ///
  /// - Throws: `FileError` when it is damaged or of another kind.
  init(_ path: String, _ registry: Registry) throws {
    self.path = path
    let all: WeightLayout.Arrays
    switch try WeightFormat(of: path) {
    case .npz:
      all = try NpzFile(path).readAll()
      card = nil
    case .pyTorch:
      all = try PyTorchFile(path).readAll()
      card = nil
    case .safetensors:
      let file = try SafetensorsFile(path)
      all = try file.readAll()
      card = try ModelFile.Card(file, registry)
    }
    arrays = all.filter { !$0.name.hasSuffix("num_batches_tracked") }
  }

  var names: Set<String> { Set(arrays.map(\.name)) }

  var valueCount: Int { arrays.reduce(0) { $0 + $1.tensor.count } }

  /// The length of the array of this name, if there is one.
  func length(_ name: String) -> Int? {
    arrays.first { $0.name == name }.flatMap { $0.tensor.shape.last }
  }
}
