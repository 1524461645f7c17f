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
}
