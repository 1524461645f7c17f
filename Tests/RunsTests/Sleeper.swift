import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A teacher whose passes take a while and no core.
final class Sleeper: Classifier {
  let classes = 2
  let parameterCount: Int? = 1
  private let seconds: Double
  private let logit: Double

  init(seconds: Double, says logit: Double = 0) { (self.seconds, self.logit) = (seconds, logit) }

  func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }
  func freeze(on device: Device, _ precision: DType) {}
  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    Thread.sleep(forTimeInterval: seconds)
    return Tensor.zeros([images.shape[0], classes]) + logit
  }
}
