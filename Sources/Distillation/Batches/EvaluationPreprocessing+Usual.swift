import FunMatchImages
import FunMatchViews

extension EvaluationPreprocessing {
  /// The paper's short side for a resolution: 160 for 128, 8/7 of it from 160 pixels on; images of a few dozen pixels are
  /// taken whole.
  public static func usualResize(_ resolution: Int) -> Int {
    resolution < 64 ? resolution : Crop.usualResize(resolution)
  }

  /// The whole image at that short side, then the square in its middle.
  public static func usual(_ resolution: Int) -> EvaluationPreprocessing {
    EvaluationPreprocessing(resize: usualResize(resolution), crop: resolution)
  }

  /// The same for another input size: as much of the image as at this one.
  public func scaled(to resolution: Int) -> EvaluationPreprocessing {
    guard resolution != crop else { return self }
    return EvaluationPreprocessing(
      resize: Int((Double(resolution * resize) / Double(crop)).rounded()), crop: resolution,
      interpolation: interpolation)
  }
}
