import Foundation
import FunMatchTorch

/// By how much logits are to be multiplied so that their probabilities are as often true as they say: one over the
/// temperature of Guo et al. (2017), where the cross entropy on images that the head was not fitted to is least.
package struct TemperatureScale {
  /// What logits are multiplied by, positive.
  package let scale: Double
  /// The mean cross entropy to the labels there, in nats.
  package let loss: Double

  private static let largestPower = 20.0
  private static let halvings = 32

  /// Every label counts as if it were true with probability n / (n + 1) of n images and any class otherwise, as in Platt
  /// (1999): without that, a head that is right about all of them would have to be infinitely sure.
  ///
  /// - Parameters:
  ///   - logits: (n, classes), f64, n at least 1.
  ///   - labels: the class of each.
  package init(_ logits: Tensor, labels: [Int]) {
    let (count, classes) = (logits.shape[0], logits.shape[1])
    let doubt = 1 / Double(count + 1)
    let truth = Tensor(labels.map { Int64($0) }).oneHot(classes).to(.f64)
    let wanted = truth * (1 - doubt) + doubt / Double(classes)
    let told = (logits * wanted).sum().item
    func slope(_ scale: Double) -> Double {
      ((logits * scale).softmax() * logits).sum().item - told
    }
    // The cross entropy is convex in the scale.
    var (low, high) = (-Self.largestPower, Self.largestPower)
    for _ in 0..<Self.halvings {
      let middle = (low + high) / 2
      if slope(exp2(middle)) < 0 { low = middle } else { high = middle }
    }
    scale = exp2((low + high) / 2)
    loss = -((logits * scale).logSoftmax() * truth).sum().item / Double(count)
  }
}
