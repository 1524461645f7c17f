import Foundation
import FunMatchFiles
import FunMatchNN
import FunMatchSettings
import FunMatchTorch

/// A classifier that PyTorch saved as a program (`TorchProgram`): nothing is known of its inside.
public final class ProgramClassifier: Classifier {
  /// In which order a program wants its images' dimensions.
  public enum Layout: String, SettingName {
    /// (N, 3, H, W), as nearly everywhere in PyTorch.
    case nchw
    /// (N, H, W, 3).
    case nhwc
  }

  /// Number of classes.
  public let classes: Int
  /// Nobody knows.
  public let parameterCount: Int? = nil
  private let program: TorchProgram
  private let layout: Layout
  private let input: InputScaling
  private let outputs: ClassifierOutputs
  private let batchSize: Int

  /// Tries the program on a batch of made-up images, so that what does not fit is found now. It is
  /// never given more at once than it was tried with.
  ///
  /// - Parameters:
  ///   - size: sides of the images, in pixels.
  ///   - outputs: what it gives.
  ///   - batchSize: images that it will be given at once.
  /// - Throws: `TorchError` naming the program's file when its logits are not (N, classes).
  public init(
    _ program: TorchProgram, classes: Int, size: Int, layout: Layout, input: InputScaling,
    outputs: ClassifierOutputs = .logits, batchSize: Int
  ) throws {
    (self.program, self.classes, self.layout, self.input) = (program, classes, layout, input)
    (self.outputs, self.batchSize) = (outputs, batchSize)
    let shape =
      switch layout {
      case .nchw: [batchSize, 3, size, size]
      case .nhwc: [batchSize, size, size, 3]
      }
    try program.check(shape: shape, classes: classes)
  }

  /// Nobody knows.
  public func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }

  /// The program stays where it was loaded, and computes in what it was saved with.
  public func freeze(on device: Device, _ precision: DType) {}

  /// Logits (N, classes), f32, of RGB images (N, 3, H, W), f32 in [-1, 1]. A program that fails, which
  /// it did not do when it was tried, ends this one with a sentence.
  public func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    let scaled = layout == .nchw ? input(images) : input(images).permuted([0, 2, 3, 1])
    let count = images.shape[0]
    do {
      let parts = try stride(from: 0, to: count, by: batchSize).map { start in
        try program(scaled.narrowed(0, start..<min(start + batchSize, count))).to(.f32)
      }
      return outputs.logits(parts.count == 1 ? parts[0] : .concatenated(parts))
    } catch {
      Terminal().say("funmatch: \(error)")
      exit(1)
    }
  }
}
