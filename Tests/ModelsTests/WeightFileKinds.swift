import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch

/// A small network's weights in files as people have them.
struct WeightFileKinds {
  /// Names and arrays of a file.
  typealias Arrays = [(name: String, tensor: Tensor)]

  static let classes = 3
  let folder: TemporaryFolder
  /// The network.
  let spec: ModelSpec
  /// All of its weights, statistics among them, none of which is zero alone.
  let arrays: Arrays

  init(_ name: String = "mobilenetv3_small_050") throws {
    folder = try TemporaryFolder()
    var spec = try ModelSpec(named: name)
    spec.classes = Self.classes
    self.spec = spec
    arrays = try spec.build(seed: 1).store.tensors.map { name, tensor in
      let isHead = ["classifier.", "head.", "fc."].contains { name.hasPrefix($0) }
      return (name, isHead ? Tensor.ones(tensor.shape) * 0.5 : tensor)
    }
  }

  /// The name of the last layer's weight.
  var head: String { arrays.last { $0.name.hasSuffix("weight") && isHead($0.name) }?.name ?? "" }

  func isHead(_ name: String) -> Bool {
    ["classifier.", "head.", "fc."].contains { name.hasPrefix($0) }
  }

  /// The weights without the last layer.
  var body: Arrays { arrays.filter { !isHead($0.name) } }

  /// Writes a file; the network's arrays may be renamed, and others come after them.
  func write(
    _ arrays: Arrays, _ more: Arrays = [], to name: String = "w.safetensors",
    rename: (String) -> String = { $0 }
  ) throws -> String {
    try Safetensors.write(
      arrays.map { (rename($0.name), $0.tensor) } + more, metadata: ["format": "pt"],
      to: folder.file(name))
    return folder.file(name)
  }

  /// How far the weights of an imported network are from those of the file at most, the last layer excepted where
  /// it is a new one.
  func difference(_ file: ModelFile) -> Double {
    arrays.filter { !file.hasUntrainedHead || !isHead($0.name) }.map { name, tensor in
      file.model.store[name].map { maximumDifference($0.value, tensor) } ?? .infinity
    }.max() ?? .infinity
  }
}
