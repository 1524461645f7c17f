import Foundation
import FunMatchFiles
import FunMatchTorch
import SwiftProtobuf

/// An ONNX classifier that others wrote, as far as it has to be known before it runs. It is data, not a program.
public struct ONNXFile: Sendable {
  /// What a graph's last operator makes of logits.
  public enum Ending: String, Sendable {
    case softmax = "Softmax"
    case logSoftmax = "LogSoftmax"
  }

  /// The file.
  public let path: String
  /// SHA-256 of the file; of all of them where its weights lie beside it.
  public let checksum: String
  /// Sides of what goes in; `nil` where they are open.
  public let inputShape: [Int?]
  /// Number of classes, where the graph tells.
  public let classes: Int?
  /// What its output went through last, if that is known.
  public let ending: Ending?

  /// Versions of ONNX's operators that are read.
  public static let opsets = 11...21

  /// Reads what the file says of itself.
  ///
  /// - Throws: `FileError` in one sentence when it is no ONNX file, has other inputs than one float array of four
  ///   dimensions, other operators than those of `opsets`, or names weights outside its own folder.
  public init(_ path: String) throws {
    func wrong(_ words: String) -> FileError { FileError("\(path): \(words)") }
    if let foreign = ForeignContent(path: path) { throw wrong(foreign.words) }
    let file = try InputFile(path)
    let bytes = try file.read(at: 0, count: file.size)
    guard let model = try? ONNXModelProto(serializedBytes: bytes), !model.graph.node.isEmpty else {
      throw wrong("is no ONNX file, or is damaged")
    }
    self.path = path
    let version = model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version
    guard let version, Self.opsets.contains(Int(version)) else {
      throw wrong(
        "has operators of opset \(version.map { "\($0)" } ?? "unknown"); those of \(Self.opsets.lowerBound) to "
          + "\(Self.opsets.upperBound) are read")
    }
    let graph = model.graph
    let stored = Set(graph.initializer.map(\.name))
    let inputs = graph.input.filter { !stored.contains($0.name) }
    guard inputs.count == 1, let output = graph.output.first else {
      throw wrong("takes \(inputs.count) arrays; a classifier takes its images and nothing else")
    }
    let input = inputs[0].type.tensorType
    guard input.elemType == Int32(ONNXTensorProto.DataType.float.rawValue) else {
      throw wrong("its input '\(inputs[0].name)' is not float32")
    }
    inputShape = Self.sides(input.shape)
    guard inputShape.count == 4 else {
      throw wrong("its input '\(inputs[0].name)' has \(inputShape.count) dimensions; images have 4")
    }
    classes = Self.sides(output.type.tensorType.shape).last ?? nil
    ending = Self.ending(graph, output.name)
    checksum = try Self.checksum(path, model)
  }

  private static func sides(_ shape: ONNXTensorShapeProto) -> [Int?] {
    shape.dim.map { dimension in
      guard case .dimValue(let value) = dimension.value, value > 0 else { return nil }
      return Int(value)
    }
  }

  /// What made the output, operators left aside that change its shape alone.
  private static func ending(_ graph: ONNXGraphProto, _ output: String) -> Ending? {
    var name = output
    for node in graph.node.reversed() where node.output.contains(name) {
      if let ending = Ending(rawValue: node.opType) { return ending }
      let shapers = ["Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Dropout"]
      guard shapers.contains(node.opType), let before = node.input.first else { return nil }
      name = before
    }
    return nil
  }

  /// All arrays, those of nodes and of graphs within the graph too.
  private static func arrays(_ nodes: [ONNXNodeProto]) -> [ONNXTensorProto] {
    nodes.flatMap(\.attribute).flatMap { attribute in
      let graphs = attribute.graphs + (attribute.hasG ? [attribute.g] : [])
      return attribute.tensors + (attribute.hasT ? [attribute.t] : [])
        + graphs.flatMap { $0.initializer + arrays($0.node) }
    }
  }

  private static func checksum(_ path: String, _ model: ONNXModelProto) throws -> String {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath()
    var names: [String] = []
    let all =
      model.graph.initializer + arrays(model.graph.node)
      + model.functions.flatMap { arrays($0.node) }
    for tensor in all where tensor.dataLocation == .external {
      let places = tensor.externalData.filter { $0.key == "location" }
      guard places.count == 1, let name = places.first?.value else {
        throw FileError("\(path): does not tell where the values of \(tensor.name) are")
      }
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      let place = folder.appendingPathComponent(name).resolvingSymlinksInPath()
      guard !name.hasPrefix("/"), !name.contains("*"), !name.contains("\\"), !parts.contains(".."),
        place.path.hasPrefix(folder.path + "/")
      else {
        throw FileError("\(path): its weights have to lie in its own folder, not at '\(name)'")
      }
      if !names.contains(name) { names.append(name) }
    }
    let own = try Checksum.sha256(file: path)
    guard !names.isEmpty else { return own }
    let others = try names.sorted().map { name in
      do {
        return try Checksum.sha256(file: folder.path + "/" + name)
      } catch {
        throw FileError("\(path): its weights cannot be read: \(error)")
      }
    }
    return Checksum.sha256(of: ([own] + others).joined(separator: "\n"))
  }
}
