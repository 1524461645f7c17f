import Foundation
import FunMatchTorch

/// A network in a `.safetensors` file that tells by itself how to use it: the spec, the class names
/// and the preprocessing are in its metadata, so no recipe is needed.
public struct ModelFile {
  /// The network, in single precision.
  public let model: any Model
  /// Its spec with the number of classes.
  public let spec: ModelSpec
  /// Names of the classes in the order of the logits; empty when nobody knew them.
  public let classNames: [String]
  /// What an image goes through first; `nil` when nobody knew it.
  public let preprocessing: Preprocessing?

  private enum Key {
    static let spec = "funmatch.model"
    static let classNames = "funmatch.classes"
    static let preprocessing = "funmatch.preprocessing"
  }

  /// A network together with what a file shall say of it.
  public init(
    model: any Model, spec: ModelSpec, classNames: [String] = [],
    preprocessing: Preprocessing? = nil
  ) {
    self.model = model
    self.spec = spec
    self.classNames = classNames
    self.preprocessing = preprocessing
  }

  /// Reads a file that `write` made.
  ///
  /// - Throws: `TorchError` when the file is damaged, was not written by this tool or does not fit
  ///   its own spec.
  public init(path: String) throws {
    let file = try SafetensorsFile(path)
    guard let text = file.metadata[Key.spec] else {
      throw TorchError(
        "\(path): no '\(Key.spec)' in its metadata, so it was not written by funmatch; "
          + "`funmatch import` makes a model file of other weights")
    }
    spec = try Self.decode(text, Key.spec, path)
    classNames =
      try file.metadata[Key.classNames].map { try Self.decode($0, Key.classNames, path) } ?? []
    preprocessing = try file.metadata[Key.preprocessing].map {
      try Self.decode($0, Key.preprocessing, path)
    }
    do {
      model = try spec.build(seed: 0)
    } catch let error as TorchError {
      throw TorchError("\(path): \(error.description)")
    }
    try model.store.load(try file.readAll(), from: path)
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
  /// - Parameter dtype: what values are stored as: f32, bf16 or f16.
  /// - Throws: `TorchError` when the file cannot be written.
  public func write(to path: String, as dtype: DType = .f32) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var metadata = ["format": "pt", Key.spec: try text(spec)]
    if !classNames.isEmpty { metadata[Key.classNames] = try text(classNames) }
    if let preprocessing { metadata[Key.preprocessing] = try text(preprocessing) }
    let tensors = model.store.tensors.map {
      (name: $0.name, tensor: $0.tensor.detached().to(dtype))
    }
    try Safetensors.write(tensors, metadata: metadata, to: path)
  }
}
