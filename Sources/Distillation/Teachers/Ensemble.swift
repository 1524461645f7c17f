import FunMatchSettings
import FunMatchTorch

/// How several teachers count (paper, section 3.6).
public struct Ensemble: Sendable, Equatable {
  /// What is made of their logits.
  public enum Combination: String, SettingName {
    /// Nothing: the distances to each are added, as the official trainer does.
    case distances
    /// Their mean probabilities.
    case probabilities
    /// Their mean logits.
    case logits
  }

  /// What is made of their logits.
  public let combination: Combination
  /// How much each teacher counts, all positive: distances are multiplied by them; for means only
  /// their ratios count.
  public let weights: [Double]

  /// An ensemble of as many teachers as there are weights.
  public init(_ combination: Combination = .distances, weights: [Double]) {
    self.combination = combination
    self.weights = weights
  }

  /// Logits t of the teachers as one, from those of each, (N, classes). For probabilities, and for
  /// `distances`, which have no common logits: softmax(t / T) = Σ w softmax(z / T), T being
  /// `temperature`, the sum of w 1. That leaves a summand open, which is such that teachers who agree
  /// have their own logits.
  public func combined(_ logits: [Tensor], temperature: Double = 1) -> Tensor {
    guard logits.count > 1 else { return logits[0] }
    let total = weights.reduce(0, +)
    func mean(_ values: [Tensor]) -> Tensor {
      zip(values, weights).dropFirst().reduce(values[0] * (weights[0] / total)) {
        $0 + $1.0 * ($1.1 / total)
      }
    }
    switch combination {
    case .logits: return mean(logits)
    case .probabilities, .distances:
      let scaled = logits.map { $0 * (1 / temperature) }
      // log Σ exp of each, which its softmax has lost.
      let sums = scaled.map { ($0 - $0.logSoftmax()).narrowed(1, 0..<1) }
      let probabilities = mean(scaled.map { $0.softmax() }).logProbabilities
      return (probabilities + mean(sums)) * temperature
    }
  }
}
