import Foundation
import FunMatchFiles
import FunMatchTorch

/// A last layer for a network that others saved, as a program or an ONNX file: what comes out of that are its features. It
/// has a `.safetensors` file of its own, since nothing can be written into the program.
public struct ProgramHead {
  /// What the features come from; of another network they mean something else.
  public struct Origin: Codable, Equatable, Sendable {
    /// SHA-256 of the program's file.
    public let program: String
    /// Its input in the words of a recipe, as JSON.
    public let input: String
    /// What is taken for its outputs.
    public let outputs: ClassifierOutputs

    /// All named.
    public init(program: String, input: String, outputs: ClassifierOutputs) {
      (self.program, self.input, self.outputs) = (program, input, outputs)
    }
  }

  /// (classes, features), f32.
  public let weight: Tensor
  /// (classes), f32.
  public let bias: Tensor
  /// Names of the classes in the order of the rows; empty where nobody knew them.
  public let classNames: [String]
  /// What the features come from.
  public let origin: Origin

  private enum Name {
    static let origin = "funmatch.programHead"
    static let classNames = "funmatch.classes"
    static let checksum = "funmatch.sha256"
  }

  /// All named.
  public init(weight: Tensor, bias: Tensor, classNames: [String], origin: Origin) {
    (self.weight, self.bias) = (weight, bias)
    (self.classNames, self.origin) = (classNames, origin)
  }

  /// Number of classes.
  public var classes: Int { weight.shape[0] }

  /// Number of values that it sees.
  public var featureCount: Int { weight.shape[1] }

  /// Reads a file that `write` made.
  ///
  /// - Throws: `FileError` when the file is damaged or something else.
  public init(path: String) throws {
    let wanted = "expected the last layer of a program, as `funmatch probe` writes it"
    guard try WeightFormat(of: path) == .safetensors else {
      throw FileError("\(path): is no .safetensors; \(wanted)")
    }
    let file = try SafetensorsFile(path)
    guard let text = file.metadata[Name.origin] else {
      throw FileError("\(path): has no '\(Name.origin)' in its metadata; \(wanted)")
    }
    let decoder = JSONDecoder()
    let names = file.metadata[Name.classNames] ?? "[]"
    guard let origin = try? decoder.decode(Origin.self, from: Data(text.utf8)),
      let classNames = try? decoder.decode([String].self, from: Data(names.utf8))
    else { throw FileError("\(path): its metadata cannot be understood; \(wanted)") }
    let tensors = try file.readAll()
    var metadata = file.metadata
    guard let sum = metadata.removeValue(forKey: Name.checksum),
      try Safetensors.checksum(tensors, metadata: metadata) == sum
    else {
      throw FileError(
        "\(path): is damaged, or another program has changed it: it does not have the SHA-256 under "
          + "'\(Name.checksum)' in its metadata")
    }
    guard let weight = tensors.first(where: { $0.name == "weight" })?.tensor,
      let bias = tensors.first(where: { $0.name == "bias" })?.tensor,
      weight.dtype == .f32, bias.dtype == .f32, weight.shape.count == 2, weight.count > 0,
      bias.shape == [weight.shape[0]], classNames.isEmpty || classNames.count == weight.shape[0]
    else {
      throw FileError(
        "\(path): holds no weight (classes, features) and bias (classes) in float32; \(wanted)")
    }
    self.init(weight: weight, bias: bias, classNames: classNames, origin: origin)
  }

  /// Writes the file; the same head gives the same bytes.
  ///
  /// - Throws: `FileError` when a value is infinite or not a number, or the file cannot be written.
  public func write(to path: String) throws {
    guard weight.isAllFinite, bias.isAllFinite else {
      throw FileError("\(path): is not written, since the head holds values that are not finite")
    }
    let tensors = [(name: "weight", tensor: weight), (name: "bias", tensor: bias)]
    var metadata = ["format": "pt", Name.origin: try JSONText.line(origin)]
    if !classNames.isEmpty { metadata[Name.classNames] = try JSONText.line(classNames) }
    metadata[Name.checksum] = try Safetensors.checksum(tensors, metadata: metadata)
    try Safetensors.write(tensors, metadata: metadata, to: path)
  }

  /// - Throws: `FileError` when a file holds such a head, where a whole network is expected.
  static func refuse(_ file: SafetensorsFile) throws {
    guard file.metadata[Name.origin] != nil else { return }
    throw FileError(
      "\(file.path): is the last layer of a program alone, which is neither trained, evaluated nor exported; a recipe's "
        + "teacher takes it as `head` beside its program")
  }
}
