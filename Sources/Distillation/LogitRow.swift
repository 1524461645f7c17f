import Foundation
import FunMatchTorch

/// What a network says of one image: a logit for each class.
///
/// Plain loops, since at 1,000 classes libtorch's operators, each of which goes through memory anew,
/// took three times as long.
struct LogitRow {
  private let values: UnsafeBufferPointer<Double>
  /// The class with the largest logit, the lowest among equals.
  let choice: Int
  /// The logarithm of the sum of the powers of e, which makes logits logarithms of probabilities.
  let normalizer: Double
  /// Entropy of the probabilities in nats.
  let entropy: Double

  private init(_ values: UnsafeBufferPointer<Double>) {
    self.values = values
    var choice = 0
    for place in values.indices where values[place] > values[choice] { choice = place }
    let largest = values[choice]
    var (sum, moment) = (0.0, 0.0)
    for value in values {
      let power = exp(value - largest)
      sum += power
      moment += power * (value - largest)
    }
    self.choice = choice
    normalizer = largest + log(sum)
    entropy = log(sum) - moment / sum
  }

  /// Gives the rows of logits (N, classes) to `body`, outside of which they mean nothing.
  static func of<Result>(_ logits: Tensor, _ body: ([LogitRow]) -> Result) -> Result {
    let (count, classes) = (logits.shape[0], logits.shape[1])
    return logits.array(as: Double.self).withUnsafeBufferPointer { values in
      body(
        (0..<count).map { row in
          LogitRow(UnsafeBufferPointer(rebasing: values[row * classes..<(row + 1) * classes]))
        })
    }
  }

  /// The logarithm of a class's probability.
  func logarithm(_ place: Int) -> Double { values[place] - normalizer }

  /// The place of a class among all, 0 being the first; the lowest class comes first among equals.
  ///
  /// What is NaN comes first for everybody else and last for itself, so that a network that broke is
  /// never right.
  func rank(of choice: Int) -> Int {
    let own = values[choice]
    var rank = 0
    for value in values[..<choice] where !(value < own) { rank += 1 }
    for value in values[(choice + 1)...] where !(value <= own) { rank += 1 }
    return rank
  }

  /// What `Distance.kl(temperature: 1)` and `Distance.euclidean` say of a student's row and this
  /// one, the teacher's.
  func distances(to student: LogitRow) -> (kl: Double, euclidean: Double) {
    let floor = log(1e-8)
    var (kl, squares) = (0.0, 0.0)
    for place in values.indices {
      let (own, other) = (logarithm(place), student.logarithm(place))
      kl += exp(own) * ((own < floor ? floor : own) - other)
      let difference = values[place] - student.values[place]
      squares += difference * difference
    }
    return (kl, (squares + 1e-12).squareRoot())
  }
}
