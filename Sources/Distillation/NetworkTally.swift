import Foundation

/// Sums over images of what concerns one network alone.
struct NetworkTally {
  private var labelled = 0
  private var first = 0
  private var amongFive = 0
  private var loss = 0.0
  private var entropy = 0.0
  private var details: EvaluationDetail?

  init(classes: Int, detailed: Bool) {
    if detailed { details = EvaluationDetail(classes: classes) }
  }

  /// Of the labelled images, as the others; `nil` where there are none.
  var top1: Double? { share(Double(first)) }
  var top5: Double? { share(Double(amongFive)) }
  var meanLoss: Double? { share(loss) }
  var detail: EvaluationDetail? { labelled > 0 ? details : nil }

  func meanEntropy(_ images: Int) -> Double { entropy / Double(max(images, 1)) }

  /// Adds an image.
  mutating func count(_ row: LogitRow, _ label: Int?) {
    entropy += row.entropy
    guard let label else { return }
    let rank = row.rank(of: label)
    labelled += 1
    first += rank < 1 ? 1 : 0
    amongFive += rank < 5 ? 1 : 0
    loss -= row.logarithm(label)
    details?.count(
      label: label, choice: row.choice, confidence: exp(row.logarithm(row.choice)),
      isRight: rank < 1)
  }

  private func share(_ sum: Double) -> Double? { labelled > 0 ? sum / Double(labelled) : nil }
}
