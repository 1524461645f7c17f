internal import COpenVINO
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTorch

/// A classifier that others wrote as an ONNX file, computed by OpenVINO.
public final class ONNXClassifier: Classifier {
  /// Number of classes.
  public let classes: Int
  /// Nobody knows.
  public let parameterCount: Int? = nil
  private let layout: ProgramClassifier.Layout
  private let input: InputScaling
  private let outputs: ClassifierOutputs
  private let batchSize: Int
  private let compiled: CompiledNetwork

  private static let mostImages = 64

  /// Compiles the file, and tries it on made-up images, so that what does not fit is found now.
  ///
  /// - Parameters:
  ///   - classes: how many it shall have; as its output tells without it.
  ///   - size: sides of the images, in pixels.
  ///   - outputs: what it gives; has to be said where it ends in a softmax, else it gives logits.
  ///   - precision: f32 or bf16.
  ///   - batchSize: images that it will usually be given at once.
  /// - Throws: `TorchError` in one sentence naming the file.
  public init(
    _ file: ONNXFile, classes: Int?, size: Int, layout: ProgramClassifier.Layout,
    input: InputScaling, outputs: ClassifierOutputs?, precision: DType, batchSize: Int,
    with openVINO: OpenVINO
  ) throws {
    func wrong(_ words: String) -> TorchError { TorchError("\(file.path): \(words)") }
    if let ending = file.ending, outputs == nil {
      let word = ending == .softmax ? ClassifierOutputs.probabilities : .logProbabilities
      throw wrong("ends in \(ending.rawValue); say `outputs: \(word.rawValue)`")
    }
    let sides: [Int?] =
      switch layout {
      case .nchw: [3, size, size]
      case .nhwc: [size, size, 3]
      }
    for (there, wanted) in zip(file.inputShape.dropFirst(), sides) {
      guard let there, there != wanted else { continue }
      let shape = file.inputShape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
      throw wrong(
        "takes images of (\(shape)); input: {size: \(size), layout: \(layout.rawValue)} does not fit"
      )
    }
    let most = min(Self.mostImages, max(1, batchSize))
    self.batchSize = file.inputShape[0] ?? most
    (self.layout, self.input, self.outputs) = (layout, input, outputs ?? .logits)
    let shape = [self.batchSize] + sides.compactMap(\.self)
    let functions = openVINO.functions
    var model: OpaquePointer?
    guard functions.ov_core_read_model(openVINO.core, file.path, nil, &model) == 0, let model else {
      throw wrong("\(openVINO.failure("reading it with OpenVINO", "OpenVINO cannot read it"))")
    }
    var dimensions = shape.map { cov_dimension(least: Int64($0), most: Int64($0)) }
    let status = dimensions.withUnsafeMutableBufferPointer { dimensions in
      let rank = cov_dimension(least: 4, most: 4)
      return functions.ov_model_reshape_single_input(
        model, cov_partial_shape(rank: rank, dims: dimensions.baseAddress))
    }
    guard status == 0 else {
      functions.ov_model_free(model)
      let words = "does not take images of \(shape)"
      throw wrong("\(openVINO.failure("images of \(shape)", words))")
    }
    let tried: [Int]
    do {
      compiled = try CompiledNetwork(model, precision, openVINO)
      tried = try compiled.outputShape(of: .zeros(shape))
    } catch let error as TorchError {
      throw wrong("\(error)")
    }
    guard tried.count == 2, tried[0] == self.batchSize, classes ?? tried[1] == tried[1] else {
      throw wrong(
        "gives \(tried) for \(self.batchSize) images; expected (\(self.batchSize), "
          + "\(classes.map(String.init) ?? "classes"))")
    }
    self.classes = tried[1]
  }

  /// Nobody knows.
  public func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }

  /// It is frozen already.
  public func freeze(on device: Device, _ precision: DType) {}

  /// Logits (N, classes), f32, of RGB images (N, 3, H, W), f32 in [-1, 1].
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    let scaled = layout == .nchw ? input(images) : input(images).permuted([0, 2, 3, 1])
    let values = compiled(scaled, classes: classes, batchSize: batchSize)
    return outputs.logits(values)
  }
}
