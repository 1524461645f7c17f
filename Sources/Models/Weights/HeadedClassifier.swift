import FunMatchNN
import FunMatchTorch

/// A network that others saved, with a last layer of ours: its outputs are that layer's features.
public final class HeadedClassifier: Classifier {
  /// Number of the head's classes.
  public let classes: Int
  /// Nobody knows.
  public let parameterCount: Int? = nil
  private let body: any Classifier
  private let weight: Tensor
  private let bias: Tensor

  /// - Parameters:
  ///   - device: where the network computes.
  ///   - path: what the head is called in an error.
  /// - Throws: `TorchError` when it gives another number of values than the head sees.
  public init(_ body: any Classifier, _ head: ProgramHead, on device: Device, path: String) throws {
    guard body.classes == head.featureCount else {
      throw TorchError(
        "\(path): sees \(head.featureCount) features, and the network gives \(body.classes) values")
    }
    (self.body, classes) = (body, head.classes)
    weight = head.weight.permuted([1, 0]).contiguous.to(device)
    bias = head.bias.to(device)
  }

  /// Nobody knows.
  public func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }

  /// The network stays where it is, and the head in f32.
  public func freeze(on device: Device, _ precision: DType) { body.freeze(on: device, precision) }

  /// Logits (N, classes), f32, of RGB images (N, 3, H, W), f32 in [-1, 1].
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    body(images, mode).matmul(weight) + bias
  }
}
