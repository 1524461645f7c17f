import Foundation
import FunMatchTorch

/// Weights of a published network, in BiT's `.npz` or timm's `.safetensors` names.
public struct WeightImport {
  /// Which names, and with them which conventions, a file keeps.
  public enum Family: String, Sendable {
    /// The public BiT `.npz` names: pooling padded with -∞, ε 1e-10.
    case official
    /// timm's `resnetv2_*_bit` names: pooling padded with 0, ε 1e-8.
    case timm

    /// What a spec that says nothing of them gets.
    fileprivate var conventions: BiTSpec {
      switch self {
      case .official: BiTSpec(depth: [], stem: .official, standardizationEpsilon: 1e-10)
      case .timm: BiTSpec(depth: [], stem: .timm, standardizationEpsilon: 1e-8)
      }
    }
  }

  /// The family that the names in the file tell.
  public let family: Family
  /// The network with the file's weights.
  public let file: ModelFile

  /// Reads weights into a new network. What `spec` leaves open is taken from the file: the number of
  /// classes from its head; stem and ε from its metadata where this tool wrote it, else from its
  /// family.
  ///
  /// - Throws: `TorchError` when the file is damaged, does not fit, or was written by this tool for
  ///   another network.
  public init(path: String, spec: ModelSpec) throws {
    let (arrays, card) = try Self.read(path)
    family = arrays.contains { $0.name.hasPrefix("resnet/") } ? .official : .timm
    let headName = family == .official ? "resnet/head/conv2d/bias" : "head.fc.bias"
    guard let head = arrays.first(where: { $0.name == headName }),
      let classes = head.tensor.shape.last
    else {
      throw TorchError(
        "\(path): neither BiT's names (resnet/head/conv2d/bias) nor timm's (head.fc.bias) are in it"
      )
    }
    var spec = spec
    spec.classes = spec.classes ?? classes
    spec = spec.completed(by: card?.spec ?? .bit(family.conventions))
    if let card, card.spec != spec {
      throw TorchError(
        "\(path): holds \(Self.words(card.spec)), and not \(Self.words(spec)) that is named")
    }
    try spec.check(values: arrays.reduce(0) { $0 + $1.tensor.count }, in: path)
    let model = try spec.build(seed: nil)
    try model.store.load(
      family == .official ? Self.renamed(arrays, for: model) : arrays, from: path)
    file = ModelFile(
      model: model, spec: spec, classNames: card?.classNames ?? [],
      preprocessing: card?.preprocessing)
  }

  private static func words(_ spec: ModelSpec) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(spec)).map { String(decoding: $0, as: UTF8.self) } ?? "a network"
  }

  /// The arrays of a file, and what its metadata says if this tool wrote it.
  private static func read(
    _ path: String
  ) throws -> ([(name: String, tensor: Tensor)], ModelFile.Card?) {
    if path.hasSuffix(".npz") { return (try NpzFile(path).readAll(), nil) }
    guard path.hasSuffix(".safetensors") else {
      throw TorchError("\(path): weights are read from .npz and .safetensors files")
    }
    let file = try SafetensorsFile(path)
    return (try file.readAll(), try ModelFile.Card(file))
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
      // Some published files number their convolutions; the official loader drops that, too.
      let plain = array.name.replacing(/standardized_conv2d_\d+/, with: "standardized_conv2d")
      guard let name = parameters[plain] else { return array }
      let vector = vectors.contains(plain)
      return (name, BiTNames.fromOfficial(array.tensor, vector: vector))
    }
  }
}
