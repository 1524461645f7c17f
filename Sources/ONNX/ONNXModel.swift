import Foundation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A network as an ONNX graph (opset 17): standardised kernels are standardised, batch
/// normalisations are part of the convolutions before them.
///
/// It takes `images`, f32 (batch, 3, side, side), and gives `logits`, f32 (batch, classes); the
/// number of images is open.
public struct ONNXModel {
  /// What `images` are.
  public enum Images: Sendable {
    /// In the range and channel order that the network wants.
    case scaled
    /// RGB, from 0 to 255; the graph scales them.
    case pixels
  }

  private let message: ONNXModelProto

  /// Runs `model` on images that are nodes.
  ///
  /// - Parameters:
  ///   - side: height and width of the images.
  ///   - kernels: what kernels are stored as: f32, or f16, which takes half the place. The graph
  ///     computes in f32 either way.
  ///   - metadata: what else the file tells, as `metadata_props`, in this order.
  /// - Throws: `TorchError` when the network cannot see images of that size, or the file would be
  ///   larger than ONNX allows (2 GB), or a kernel's value is beyond f16.
  public init(
    _ model: any Model, side: Int, images: Images = .scaled, kernels: DType = .f32,
    metadata: [(key: String, value: String)] = []
  ) throws {
    guard (1...EvaluationPreprocessing.largestSide).contains(side) else {
      throw TorchError(
        "ONNX: images of \(side) pixels a side: 1...\(EvaluationPreprocessing.largestSide)")
    }
    guard kernels == .f32 || kernels == .f16 else {
      throw TorchError("ONNX: kernels are stored as f32 or f16, not as \(kernels)")
    }
    try Self.check(bytes: model.store.valueCount * kernels.size)
    let graph = Graph()
    let shape = [1, 3, side, side]
    let logits = withInference {
      let input = GraphSignal(value: "images", shape: shape, graph: graph)
      let scaled = images == .pixels ? input.scaled(model.input) : input
      let mode = Mode.evaluation(.f32)
      let logits = model.classifier(model.features(scaled, mode), mode)
      graph.foldBatchNorms()
      return logits
    }
    if let fault = graph.fault { throw TorchError("ONNX: \(fault)") }
    graph.rename(logits.value, to: "logits")
    var body = try withInference { try graph.message(halfKernels: kernels == .f16) }
    body.name = "funmatch"
    body.input = [Self.value("images", shape, Self.words(images, model.input))]
    body.output = [Self.value("logits", logits.shape, "One row an image, one column a class.")]
    message = Self.file(body, metadata)
  }

  /// Writes the file; the same network gives the same bytes.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String) throws {
    let bytes: Data
    do {
      bytes = try message.serializedData()
    } catch {
      throw FileError("cannot write '\(path)': \(error)")
    }
    try AtomicFile.write(to: path, bytes)
  }

  private static func check(bytes: Int) throws {
    // A protocol buffer holds less than 2 GiB; the graph itself takes little of that.
    guard bytes < (1 << 31) - (16 << 20) else {
      throw TorchError(
        "ONNX: the weights take \(bytes) bytes, and a file holds less than 2 GiB"
          + "; kernels in f16 take half the place")
    }
  }

  private static func file(_ graph: ONNXGraphProto, _ metadata: [(key: String, value: String)])
    -> ONNXModelProto
  {
    var file = ONNXModelProto()
    // What was current with opset 17.
    file.irVersion = 8
    file.producerName = "funmatch"
    file.graph = graph
    var operators = ONNXOperatorSetIdProto()
    operators.domain = ""
    operators.version = 17
    file.opsetImport = [operators]
    file.metadataProps = metadata.map { key, value in
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return file
  }

  private static func value(_ name: String, _ shape: [Int], _ words: String) -> ONNXValueInfoProto {
    var value = ONNXValueInfoProto()
    value.name = name
    value.docString = words
    value.type.tensorType.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
    value.type.tensorType.shape.dim = shape.enumerated().map { index, size in
      var dimension = ONNXTensorShapeProto.Dimension()
      dimension.value = index == 0 ? .dimParam("batch") : .dimValue(Int64(size))
      return dimension
    }
    return value
  }

  private static func words(_ images: Images, _ input: InputScaling) -> String {
    switch images {
    case .pixels: "RGB pixels from 0 to 255."
    case .scaled:
      "\(input.colorOrder.rawValue.uppercased()): pixel / 255 * \(input.range), less "
        + "\(input.mean), divided by \(input.std)."
    }
  }
}
