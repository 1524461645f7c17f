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
  public struct Images: Sendable, Equatable {
    enum Values: Equatable { case own, pixels, bytes, views }
    let values: Values
    /// Whether they come as (batch, height, width, 3).
    var isChannelsLast = false

    /// In the range and channel order that the network wants.
    public static let scaled = Images(values: .own)
    /// RGB, from 0 to 255; the graph scales them.
    public static let pixels = Images(values: .pixels)
    /// As views lie in memory: (batch, height, width, 3), RGB in [-1, 1].
    public static let views = Images(values: .views, isChannelsLast: true)
    /// As decoded images lie in memory: (batch, height, width, 3), RGB, u8.
    public static let bytes = Images(values: .bytes, isChannelsLast: true)
    /// (batch, height, width, 3) in the range and channel order that the network wants.
    public static let scaledRows = Images(values: .own, isChannelsLast: true)
  }

  private let message: ONNXModelProto
  /// Values that the graph names by their addresses; none in a file.
  package let lent: [Tensor]
  /// Values of one image where they are the most: what memory of a forward pass goes with.
  package let largestFeatures: Int

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
    guard kernels == .f32 || kernels == .f16 else {
      throw TorchError("ONNX: kernels are stored as f32 or f16, not as \(kernels)")
    }
    try Self.check(bytes: model.store.valueCount * kernels.size)
    try self.init(model, side, side, images, kernels, metadata, lent: nil)
  }

  /// A graph for images of any sides, for an engine in this process, which has its values where they lie: they are kept in
  /// `lent`.
  ///
  /// - Parameter int8: layers that compute in int8; the network is frozen in f32 then.
  /// - Throws: `TorchError` when the network cannot see images of that size.
  package init(
    lending model: any Model, height: Int, width: Int, images: Images, int8: Int8Scales? = nil
  ) throws {
    try self.init(model, height, width, images, .f32, [], lent: [], int8: int8)
  }

  private init(
    _ model: any Model, _ height: Int, _ width: Int, _ images: Images, _ kernels: DType,
    _ metadata: [(key: String, value: String)], lent: [Tensor]?, int8: Int8Scales? = nil
  ) throws {
    let largest = EvaluationPreprocessing.largestSide
    guard (1...largest).contains(height), (1...largest).contains(width) else {
      throw TorchError("ONNX: images of \(height) x \(width) pixels: 1...\(largest) a side")
    }
    guard int8 != nil || !model.store.parameters.contains(where: \.isFrozen) else {
      throw TorchError("ONNX: the network is frozen, and its values are no longer its own")
    }
    let graph = Graph(int8: int8, isForEngine: lent != nil)
    let shape = images.isChannelsLast ? [1, height, width, 3] : [1, 3, height, width]
    let logits = withInference {
      let input = GraphSignal(value: "images", shape: shape, graph: graph)
      let mode = Mode.evaluation(.f32)
      let logits = model.classifier(model.features(input.scaled(images, model.input), mode), mode)
      graph.foldBatchNorms()
      return logits
    }
    if let fault = graph.fault { throw TorchError("ONNX: \(fault)") }
    graph.rename(logits.value, to: "logits")
    largestFeatures = graph.largest
    var lent = lent
    var body = try withInference {
      try graph.message(halfKernels: kernels == .f16, lent: &lent)
    }
    self.lent = lent ?? []
    body.name = "funmatch"
    body.input = [Self.value("images", shape, images, model.input)]
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

  /// The bytes of a file for just so many images.
  ///
  /// - Throws: `TorchError` when they are too many.
  package func bytes(batchSize: Int) throws -> Data {
    var message = message
    let count = ONNXTensorShapeProto.Dimension.OneOf_Value.dimValue(Int64(batchSize))
    message.graph.input[0].type.tensorType.shape.dim[0].value = count
    message.graph.output[0].type.tensorType.shape.dim[0].value = count
    do { return try message.serializedData() } catch { throw TorchError("ONNX: \(error)") }
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

  private static func value(
    _ name: String, _ shape: [Int], _ words: String, _ type: ONNXTensorProto.DataType = .float
  ) -> ONNXValueInfoProto {
    var value = ONNXValueInfoProto()
    value.name = name
    value.docString = words
    value.type.tensorType.elemType = Int32(type.rawValue)
    value.type.tensorType.shape.dim = shape.enumerated().map { index, size in
      var dimension = ONNXTensorShapeProto.Dimension()
      dimension.value = index == 0 ? .dimParam("batch") : .dimValue(Int64(size))
      return dimension
    }
    return value
  }

  private static func value(
    _ name: String, _ shape: [Int], _ images: Images, _ input: InputScaling
  ) -> ONNXValueInfoProto {
    switch images.values {
    case .pixels: value(name, shape, "RGB pixels from 0 to 255.")
    case .bytes: value(name, shape, "RGB pixels.", .uint8)
    case .views: value(name, shape, "RGB from -1 to 1.")
    case .own:
      value(
        name, shape,
        "\(input.colorOrder.rawValue.uppercased()): pixel / 255 * \(input.range), less "
          + "\(input.mean), divided by \(input.std).")
    }
  }
}
