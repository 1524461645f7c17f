import Foundation
import FunMatchFiles
import FunMatchImages
import FunMatchSettings
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
  /// Whether the last layer is a new one, of zeros: to be trained, and nothing to learn from.
  public let hasUntrainedHead: Bool

  private enum Name {
    static let spec = "funmatch.model"
    static let classNames = "funmatch.classes"
    static let preprocessing = "funmatch.preprocessing"
    static let input = "funmatch.input"
    static let checksum = "funmatch.sha256"
    static let head = "funmatch.head"
  }

  /// A network together with what a file shall say of it.
  public init(
    model: any Model, spec: ModelSpec, classNames: [String] = [],
    preprocessing: EvaluationPreprocessing? = nil, hasUntrainedHead: Bool = false
  ) {
    self.model = model
    self.spec = spec.completed
    self.classNames = classNames
    self.preprocessing = preprocessing
    self.hasUntrainedHead = hasUntrainedHead
  }

  /// Reads a file that `write` made.
  ///
  /// - Parameter registry: which families of networks there are.
  /// - Throws: `FileError` when the file is damaged, was not written by this tool or does not fit
  ///   its own spec.
  public init(path: String, registry: Registry = .standard) throws {
    guard try WeightFormat(of: path) == .safetensors else {
      throw FileError(
        "\(path): is no model file of this tool, which is a .safetensors; `funmatch import` makes one of "
          + "other weights")
    }
    let file = try SafetensorsFile(path)
    guard let card = try Card(file, registry) else {
      throw FileError(
        "\(path): no '\(Name.spec)' in its metadata, so it was not written by funmatch; "
          + "`funmatch import` makes a model file of other weights")
    }
    try card.checkSize(of: file)
    guard card.classNames.isEmpty || card.classNames.count == card.spec.classes else {
      throw FileError(
        "\(path): its metadata name \(card.classNames.count) classes, and the network has "
          + "\(card.spec.classes ?? 0)")
    }
    model = try card.spec.buildWithoutValues()
    (spec, classNames, preprocessing) = (card.spec, card.classNames, card.preprocessing)
    hasUntrainedHead = card.hasUntrainedHead
    model.input = card.input ?? card.spec.network.usualInput
    let tensors = try file.readAll()
    try card.check(tensors)
    try model.store.adopt(tensors, from: path)
  }

  /// What a file's metadata says of the network in it.
  struct Card {
    static let untrained = "untrained"
    let spec: ModelSpec
    let classNames: [String]
    let preprocessing: EvaluationPreprocessing?
    let input: InputScaling?
    private let path: String
    private let metadata: [String: String]
    let hasUntrainedHead: Bool

    /// `nil` when this tool did not write the file.
    ///
    /// - Throws: `FileError` naming the file when what is there cannot be understood.
    init?(_ file: SafetensorsFile, _ registry: Registry) throws {
      try ProgramHead.refuse(file)
      let decoder = JSONDecoder()
      decoder.userInfo[.registry] = registry
      func read<Value: Decodable>(_ name: String) throws -> Value? {
        guard let text = file.metadata[name] else { return nil }
        do {
          return try decoder.decode(Value.self, from: Data(text.utf8))
        } catch {
          let reason = (error as? SettingsError).map { " (\($0))" } ?? ""
          throw FileError(
            "\(file.path): its metadata '\(name)' cannot be understood\(reason): "
              + text.prefix(200))
        }
      }
      guard let spec: ModelSpec = try read(Name.spec) else { return nil }
      (path, metadata) = (file.path, file.metadata)
      self.spec = spec.completed
      classNames = try read(Name.classNames) ?? []
      preprocessing = try read(Name.preprocessing)
      input = try read(Name.input)
      hasUntrainedHead = file.metadata[Name.head] == Self.untrained
    }

    /// Checks that the network is of about the file's size, before memory is taken for it.
    ///
    /// - Throws: `FileError` when it is not.
    func checkSize(of file: SafetensorsFile) throws {
      let values = try file.names.reduce(0) { try $0 + file.shape(of: $1).reduce(1, *) }
      try spec.check(values: values, in: path)
    }

    /// Checks that a file holds what was written. Earlier versions wrote no checksum.
    ///
    /// - Throws: `FileError` when it does not.
    func check(_ tensors: [(name: String, tensor: Tensor)]) throws {
      var metadata = metadata
      guard let sum = metadata.removeValue(forKey: Name.checksum) else { return }
      guard try Safetensors.checksum(tensors, metadata: metadata) == sum else {
        throw FileError(
          "\(path): is damaged, or another program has changed it: its weights and metadata do not have the SHA-256 "
            + "under '\(Name.checksum)' in its metadata")
      }
    }
  }

  /// Writes the file; the same network gives the same bytes everywhere.
  ///
  /// - Parameter dtype: what kernels are stored as: f32, bf16 or f16; all else stays f32.
  /// - Throws: `FileError` when a value is infinite or not a number, or the file cannot be written.
  public func write(to path: String, as dtype: DType = .f32) throws {
    var metadata = ["format": "pt", Name.spec: try JSONText.line(spec)]
    if !classNames.isEmpty { metadata[Name.classNames] = try JSONText.line(classNames) }
    metadata[Name.input] = try JSONText.line(model.input)
    metadata[Name.preprocessing] = try preprocessing.map(JSONText.line)
    metadata[Name.head] = hasUntrainedHead ? Card.untrained : nil
    let tensors = try model.store.all.map { parameter in
      let value = parameter.value.detached()
      guard value.isAllFinite else {
        throw FileError(
          "\(path): is not written, since \(parameter.name) holds values that are infinite or not a number "
            + "(NaN)")
      }
      switch parameter.kind {
      // Small, and beyond what f16 can hold sometimes.
      case .vector, .buffer: return (name: parameter.name, tensor: value)
      case .kernel, .standardizedKernel, .headKernel:
        guard dtype != .f16 || value.magnitude().array(as: Float.self).allSatisfy({ !($0 > 65504) })
        else { throw FileError("\(path): \(parameter.name) has values beyond f16's 65504") }
        return (name: parameter.name, tensor: value.to(dtype))
      }
    }
    metadata[Name.checksum] = try Safetensors.checksum(tensors, metadata: metadata)
    try Safetensors.write(tensors, metadata: metadata, to: path)
  }
}
