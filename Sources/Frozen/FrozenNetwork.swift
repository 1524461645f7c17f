internal import COpenVINO
import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTorch

/// A network that is never trained again, compiled by OpenVINO for images of one size. An image's logits do not depend on
/// threads, on the batch or on its place in it.
public final class FrozenNetwork: Classifier {
  /// Number of classes.
  public let classes: Int
  /// Number of trainable values.
  public let parameterCount: Int?
  /// Images that go through it at once.
  public let batchSize: Int
  private let height: Int
  private let width: Int
  private let cost: Int?
  private let inputType: DType
  private let compiled: CompiledNetwork
  /// Values that OpenVINO may have taken where they lie.
  private let lent: [Tensor]

  /// More at once make nothing faster.
  private static let mostImages = 64
  /// What the features of a batch may take, with room for what comes in and what goes out of a layer.
  private static let mostBytes = 3 << 30

  /// Compiles `model`, which must not be frozen unless `int8` is given. At most three copies of its weights are in memory at a
  /// time.
  ///
  /// - Parameters:
  ///   - height: pixels of the images.
  ///   - width: pixels of the images.
  ///   - images: what they are; not planes.
  ///   - precision: f32, bf16 or f16.
  ///   - batchSize: how many images it will usually be given at once. As many or some of them go through it together.
  ///   - int8: layers that compute in int8, and what the others do, whatever `precision` is; `model` is frozen in f32 then, on
  ///     the CPU.
  ///   - keepsWeights: whether `model` is still needed; else its values are given up when the graph has them.
  /// - Throws: `TorchError` when the network cannot see such images, or OpenVINO cannot compile it.
  public init(
    _ model: any Model, height: Int, width: Int, images: ONNXModel.Images = .views,
    precision: DType, batchSize: Int, int8: Int8Scales? = nil,
    with openVINO: OpenVINO, keepsWeights: Bool = true
  ) throws {
    (self.height, self.width) = (height, width)
    (classes, parameterCount) = (model.classes, model.parameterCount)
    cost = model.multiplyAccumulates(height: height, width: width)
    inputType = images == .bytes ? .u8 : .f32
    let graph = try ONNXModel(
      lending: model, height: height, width: width, images: images, int8: int8)
    let room = Self.mostBytes / (3 * MemoryLayout<Float>.size * graph.largestFeatures)
    let most = max(1, min(Self.mostImages, room))
    let parts = (max(1, batchSize) + most - 1) / most
    self.batchSize = (max(1, batchSize) + parts - 1) / parts
    lent = graph.lent
    if !keepsWeights {
      model.store.discardValues()
      Torch.releaseMemory()
    }
    let read = try Self.read(graph.bytes(batchSize: self.batchSize), openVINO)
    let others: DType? = int8.map { $0.othersInBF16 == true ? .bf16 : .f32 }
    compiled = try CompiledNetwork(read, others ?? precision, openVINO)
  }

  private static func read(_ bytes: Data, _ openVINO: OpenVINO) throws -> OpaquePointer {
    var model: OpaquePointer?
    let status = bytes.withUnsafeBytes {
      openVINO.functions.ov_core_read_model_from_memory_buffer(
        openVINO.core, $0.bindMemory(to: CChar.self).baseAddress, $0.count, nil, &model)
    }
    guard status == 0, let model else {
      throw openVINO.failure(
        "reading the network with OpenVINO", "OpenVINO cannot read the network")
    }
    return model
  }

  /// Multiply-accumulates of an image of the size that it was compiled for; of others nobody knows.
  public func multiplyAccumulates(height: Int, width: Int) -> Int? {
    (height, width) == (self.height, self.width) ? cost : nil
  }

  /// It is frozen already.
  public func freeze(on device: Device, _ precision: DType) {}

  /// Logits (N, classes), f32, of images (N, 3, H, W) of the kind and size that it was compiled for. They are read where they
  /// lie if their channels lie side by side.
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    logits(images.permuted([0, 2, 3, 1]))
  }

  /// Logits (N, classes), f32, of images (N, H, W, 3) of the kind and size that it was compiled for; others trap.
  public func logits(_ images: Tensor) -> Tensor {
    precondition(
      images.shape.dropFirst() == [height, width, 3] && images.dtype == inputType,
      "images \(images.shape) \(images.dtype), compiled for \(height) x \(width) \(inputType)")
    return compiled(images, classes: classes, batchSize: batchSize)
  }
}
