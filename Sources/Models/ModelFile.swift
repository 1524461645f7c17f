import Foundation
import FunMatchImages
import FunMatchTorch

/// A network in a `.safetensors` file that tells by itself how to use it: the spec, the class names,
/// the preprocessing and what pixels are scaled to are in its metadata, so no recipe is needed.
public struct ModelFile {
  /// The network, in single precision.
  public let model: any Model
  /// Its spec with the number of classes.
  public let spec: ModelSpec
  /// Names of the classes in the order of the logits; empty when nobody knew them.
  public let classNames: [String]
  /// What an image goes through first; `nil` when nobody knew it.
  public let preprocessing: EvaluationPreprocessing?

  private enum Key {
    static let spec = "funmatch.model"
    static let classNames = "funmatch.classes"
    static let preprocessing = "funmatch.preprocessing"
    static let input = "funmatch.input"
  }

  /// A network together with what a file shall say of it.
  public init(
    model: any Model, spec: ModelSpec, classNames: [String] = [],
    preprocessing: EvaluationPreprocessing? = nil
  ) {
    self.model = model
    self.spec = spec.completed
    self.classNames = classNames
    self.preprocessing = preprocessing
  }

  /// Reads a file that `write` made.
  ///
  /// - Throws: `TorchError` when the file is damaged, was not written by this tool or does not fit
  ///   its own spec.
  public init(path: String) throws {
    guard try WeightFormat(of: path) == .safetensors else {
      throw TorchError(
        "\(path): is no model file of this tool, which is a .safetensors; `funmatch import` makes one of "
          + "other weights")
    }
    let file = try SafetensorsFile(path)
    guard let card = try Card(file) else {
      throw TorchError(
        "\(path): no '\(Key.spec)' in its metadata, so it was not written by funmatch; "
          + "`funmatch import` makes a model file of other weights")
    }
    let values = try file.names.reduce(0) { try $0 + file.shape(of: $1).reduce(1, *) }
    try card.spec.check(values: values, in: path)
    guard card.classNames.isEmpty || card.classNames.count == card.spec.classes else {
      throw TorchError(
        "\(path): its metadata name \(card.classNames.count) classes, and the network has "
          + "\(card.spec.classes ?? 0)")
    }
    model = try card.spec.build(seed: nil)
    (spec, classNames, preprocessing) = (card.spec, card.classNames, card.preprocessing)
    model.input = card.input ?? card.spec.network.usualInput
    try model.store.load(try file.readAll(), from: path)
  }

  /// What a file's metadata says of the network in it.
  struct Card {
    let spec: ModelSpec
    let classNames: [String]
    let preprocessing: EvaluationPreprocessing?
    let input: InputScaling?

    /// `nil` when this tool did not write the file.
    ///
    /// - Throws: `TorchError` naming the file when what is there cannot be understood.
    init?(_ file: SafetensorsFile) throws {
      guard let text = file.metadata[Key.spec] else { return nil }
      let spec: ModelSpec = try ModelFile.decode(text, Key.spec, file.path)
      self.spec = spec.completed
      classNames =
        try file.metadata[Key.classNames]
        .map { try ModelFile.decode($0, Key.classNames, file.path) } ?? []
      preprocessing = try file.metadata[Key.preprocessing]
        .map { try ModelFile.decode($0, Key.preprocessing, file.path) }
      input = try file.metadata[Key.input].map { try ModelFile.decode($0, Key.input, file.path) }
    }
  }

  private static func decode<T: Decodable>(_ text: String, _ key: String, _ path: String) throws
    -> T
  {
    do {
      return try JSONDecoder().decode(T.self, from: Data(text.utf8))
    } catch {
      throw TorchError("\(path): its metadata '\(key)' cannot be understood: \(text.prefix(200))")
    }
  }

  /// Writes the file; the same network gives the same bytes everywhere.
  ///
  /// - Parameter dtype: what kernels are stored as: f32, bf16 or f16; all else stays f32.
  /// - Throws: `TorchError` when the file cannot be written.
  public func write(to path: String, as dtype: DType = .f32) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var metadata = ["format": "pt", Key.spec: try text(spec)]
    if !classNames.isEmpty { metadata[Key.classNames] = try text(classNames) }
    metadata[Key.input] = try text(model.input)
    if let preprocessing { metadata[Key.preprocessing] = try text(preprocessing) }
    let tensors = try model.store.all.map { parameter in
      let value = parameter.value.detached()
      switch parameter.kind {
      // Small, and beyond what f16 can hold sometimes.
      case .vector, .buffer: return (name: parameter.name, tensor: value)
      case .kernel, .standardizedKernel, .headKernel:
        guard dtype != .f16 || value.magnitude().array(as: Float.self).allSatisfy({ !($0 > 65504) })
        else { throw TorchError("\(path): \(parameter.name) has values beyond f16's 65504") }
        return (name: parameter.name, tensor: value.to(dtype))
      }
    }
    try Safetensors.write(tensors, metadata: metadata, to: path)
  }
}
