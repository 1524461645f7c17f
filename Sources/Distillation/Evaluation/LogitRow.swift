import Foundation
import FunMatchTorch

/// A network's logits of one image, one for each class.
///
/// Plain loops, since at 1,000 classes libtorch's operators, each of which goes through memory anew,
/// took three times as long.
public struct LogitRow: Sendable {
  /// The logits by class.
  public let values: ArraySlice<Double>
  /// The class with the largest logit, the lowest among equals.
  public let choice: Int
  /// The logarithm of the sum of the powers of e, which makes logits logarithms of probabilities.
  public let normalizer: Double
  /// Entropy of the probabilities in nats.
  public let entropy: Double

  private init(_ slice: ArraySlice<Double>) {
    values = slice
    (choice, normalizer, entropy) = slice.withUnsafeBufferPointer { values in
      var choice = 0
      for place in values.indices where values[place] > values[choice] { choice = place }
      let largest = values[choice]
      var (sum, moment) = (0.0, 0.0)
      for value in values {
        let power = exp(value - largest)
        sum += power
        moment += power * (value - largest)
      }
      return (choice, largest + log(sum), log(sum) - moment / sum)
    }
  }

  /// The rows of logits (N, classes).
  public static func rows(_ logits: Tensor) -> [LogitRow] {
    let (count, classes) = (logits.shape[0], logits.shape[1])
    let values = logits.array(as: Double.self)
    return (0..<count).map { row in LogitRow(values[row * classes..<(row + 1) * classes]) }
  }

  /// The logit of a class.
  public subscript(_ label: Int) -> Double { values[values.startIndex + label] }

  /// The logarithm of a class's probability.
  public func logarithm(_ label: Int) -> Double { self[label] - normalizer }

  /// The place of a class among all, 0 being the first; the lowest class comes first among equals.
  ///
  /// What is NaN comes first for everybody else and last for itself, so that a network that broke is
  /// never right.
  public func rank(of label: Int) -> Int {
    values.withUnsafeBufferPointer { values in
      let own = values[label]
      var rank = 0
      for value in values[..<label] where !(value < own) { rank += 1 }
      for value in values[(label + 1)...] where !(value <= own) { rank += 1 }
      return rank
    }
  }

  /// What `KLDistance` at temperature 1 says of a student's row and this one, the teacher's.
  public func kl(from student: LogitRow) -> Double {
    let floor = log(1e-8)
    return values.withUnsafeBufferPointer { values in
      student.values.withUnsafeBufferPointer { others in
        var kl = 0.0
        for place in values.indices {
          let (own, other) = (values[place] - normalizer, others[place] - student.normalizer)
          kl += exp(own) * ((own < floor ? floor : own) - other)
        }
        return kl
      }
    }
  }

  /// What `EuclideanDistance` says of another row and this one.
  public func euclidean(from other: LogitRow) -> Double {
    let squares = zip(values, other.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (squares + 1e-12).squareRoot()
  }
}
