import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A teacher that is loaded: its network, frozen, with all that is known of it.
public struct Teacher {
  /// The network. Its kernels are standardised once and kept in the precision that it computes in.
  public let network: any Classifier
  /// Input size in pixels.
  public let resolution: Int
  /// How much it counts among several, positive.
  public let weight: Double
  /// Names of its classes in the order of the logits; empty where nobody knows them.
  public let classNames: [String]
  /// How whole images are prepared for it in evaluations.
  public let preprocessing: EvaluationPreprocessing
  /// SHA-256 of its file; `none` where fresh weights stand in for it.
  public let checksum: String
  /// What its logits depend on beside its file, such as its shape and what its pixels are scaled to: lines of text.
  public let identity: [String]
  /// What shows in the last bits of its logits: versions, instructions; none where nobody told.
  public let environment: [String]
  /// What it computes in.
  public var precision: DType { mode.precision }
  private let mode: Mode

  /// Freezes `network`, which must not be trained afterwards.
  ///
  /// - Parameters:
  ///   - precision: bf16, f16 or f32.
  ///   - preprocessing: the usual one for its resolution where nothing is said.
  public init(
    _ network: any Classifier, resolution: Int, weight: Double = 1, precision: DType,
    device: Device, classNames: [String] = [], preprocessing: EvaluationPreprocessing? = nil,
    checksum: String = "none", identity: [String] = [], environment: [String] = []
  ) {
    network.freeze(on: device, precision)
    (self.network, self.resolution, self.weight) = (network, resolution, weight)
    (self.classNames, self.checksum) = (classNames, checksum)
    (self.identity, self.environment) = (identity, environment)
    self.preprocessing = preprocessing ?? .usual(resolution)
    mode = .evaluation(precision)
  }

  /// Number of classes.
  public var classes: Int { network.classes }

  /// Multiply-accumulates of one image, where they are known.
  public var multiplyAccumulates: Int? {
    network.multiplyAccumulates(height: resolution, width: resolution)
  }

  /// Logits (N, classes), f32, of images (N, 3, H, W) in [-1, 1], which it brings to its own range.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    // The copy is an ordinary tensor: those of inference mode cannot take part in a gradient.
    withInference { network(images, mode) }.clone()
  }
}
