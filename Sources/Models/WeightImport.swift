import FunMatchTorch

/// Weights of a published network, in BiT's `.npz` or timm's `.safetensors` names.
public struct WeightImport {
  /// Which names, and with them which conventions, a file keeps.
  public enum Family: String, Sendable {
    /// The public BiT `.npz` names: pooling padded with -∞, ε 1e-10.
    case official
    /// timm's `resnetv2_*_bit` names: pooling padded with 0, ε 1e-8.
    case timm
  }

  /// The family that the names in the file tell.
  public let family: Family
  /// The network with the file's weights.
  public let file: ModelFile

  /// Reads weights into a new network.
  ///
  /// - Parameters:
  ///   - path: a `.npz` or `.safetensors` file.
  ///   - spec: the network; `classes` may be left open and is then taken from the head.
  ///   - keepStem: whether the stem and ε of `spec` stand although the file's family has others.
  /// - Throws: `TorchError` when the file is damaged or does not fit.
  public init(path: String, spec: ModelSpec, keepStem: Bool = false) throws {
    let arrays = try Self.arrays(path)
    let isOfficial = arrays.contains { $0.name.hasPrefix("resnet/") }
    family = isOfficial ? .official : .timm
    let headName = isOfficial ? "resnet/head/conv2d/bias" : "head.fc.bias"
    guard let head = arrays.first(where: { $0.name == headName }),
      let classes = head.tensor.shape.last
    else {
      throw TorchError(
        "\(path): neither BiT's names (resnet/head/conv2d/bias) nor timm's (head.fc.bias) are in it"
      )
    }
    var spec = spec
    spec.classes = spec.classes ?? classes
    if case .bit(var bit) = spec, !keepStem, !isOfficial, bit.stem == .official {
      bit.stem = .timm
      bit.standardizationEpsilon = 1e-8
      spec = .bit(bit)
    }
    let model = try spec.build(seed: 0)
    try model.store.load(
      isOfficial ? Self.renamed(arrays, for: model) : arrays, from: path)
    file = ModelFile(model: model, spec: spec)
  }

  private static func arrays(_ path: String) throws -> [(name: String, tensor: Tensor)] {
    if path.hasSuffix(".npz") { return try NpzFile(path).readAll() }
    if path.hasSuffix(".safetensors") { return try SafetensorsFile(path).readAll() }
    throw TorchError("\(path): weights are read from .npz and .safetensors files")
  }

  /// What is not part of the model keeps its own name, so that the error lists it.
  private static func renamed(
    _ arrays: [(name: String, tensor: Tensor)], for model: any Model
  ) -> [(name: String, tensor: Tensor)] {
    var parameters: [String: String] = [:]
    var vectors: Set<String> = []
    for parameter in model.store.parameters {
      guard let official = BiTNames.official(parameter.name) else { continue }
      parameters[official] = parameter.name
      if !parameter.decays { vectors.insert(official) }
    }
    return arrays.map { array in
      guard let name = parameters[array.name] else { return array }
      let vector = vectors.contains(array.name)
      return (name, BiTNames.fromOfficial(array.tensor, vector: vector))
    }
  }
}
