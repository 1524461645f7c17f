import FunMatchDistillation

extension Metric {
  /// A metric: the mean over labelled images of 1 / n where the label is the n-th most likely class.
  static let reciprocalRank = Metric.mean(
    "reciprocalRank", "mean reciprocal rank", of: .network, in: .number, isHigherBetter: true
  ) { image in image.label.map { 1 / Double(1 + image.logits.rank(of: $0)) } }
}
