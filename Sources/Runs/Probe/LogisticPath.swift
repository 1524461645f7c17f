import Foundation
import FunMatchFiles
import FunMatchOptimizers
import FunMatchTorch

/// Fits heads from strong to weak regularisation, each from where the one before ended, and takes the one that validation
/// images speak for.
package struct LogisticPath {
  /// One regularisation that was tried.
  package struct Point: Codable, Sendable, Equatable {
    /// What the sum of the weights' squares is multiplied by, twice.
    package let regularization: Double
    /// What was minimised, on the training views.
    package let trainingLoss: Double
    /// Cross entropy on the validation images in nats, once the logits are scaled for them.
    package let validationLoss: Double
    /// Share of them whose most likely class is the label.
    package let validationTop1: Double
    /// Steps of L-BFGS.
    package let iterations: Int
    /// Why these ended.
    package let ending: LBFGS.Ending
  }

  /// What the path ended with.
  package struct Outcome {
    /// The head for scaled features whose validation loss is least.
    package let head: ProbeHead
    /// What its logits are multiplied by for validation images.
    package let scale: Double
    /// All that were tried, in order.
    package let points: [Point]
    /// Which of them was taken.
    package let chosen: Int
  }

  /// 10 to 1e-6, two a decade.
  package static let regularizations = (0...14).map { pow(10, 1 - Double($0) / 2) }

  /// Values in a row that bring nothing before the path ends.
  private static let patience = 3

  /// What heads are fitted to.
  let loss: LogisticLoss
  /// What tells which of them is taken.
  let validation: FeatureBlocks
  /// The class of each validation image.
  let labels: [Int]

  /// How far from the least loss a fit may end, in nats: on the way, and of the head that is taken.
  private static let (roughly, closely) = (1e-3, 1e-5)
  private static let mostSteps = 1000

  /// All named.
  package init(_ loss: LogisticLoss, validation: FeatureBlocks, labels: [Int]) {
    (self.loss, self.validation, self.labels) = (loss, validation, labels)
  }

  /// Goes along the path.
  ///
  /// - Parameters:
  ///   - show: told what is being done, after every time that the loss was computed.
  ///   - shouldStop: asked likewise; true ends the work.
  /// - Throws: `CancellationError` when it is stopped; `FileError` when features cannot be read.
  package func run(show: (String) -> Void, shouldStop: () -> Bool) throws -> Outcome {
    func fit(_ regularization: Double, from point: Tensor, to gap: Double) throws -> LBFGS.Minimum {
      var count = 0
      // The loss curves upwards by the regularisation at least, so that a gradient g is within g² / (2 regularization) of
      // the least loss.
      let flat = (2 * regularization * gap / Double(point.count)).squareRoot()
      return try LBFGS(tolerance: flat, iterations: Self.mostSteps).minimize(from: point) { place in
        if shouldStop() { throw CancellationError() }
        let result = try loss(place, regularization: regularization)
        count += 1
        show(
          "regularization \(NumberText.significant(regularization)), pass \(count), loss "
            + NumberText.fixed(result.value, 4))
        return result
      }
    }
    var point = loss.start
    var points: [Point] = []
    var best: (place: Int, point: Tensor)?
    for regularization in Self.regularizations {
      let found = try fit(regularization, from: point, to: Self.roughly)
      point = found.point
      let logits = try validation.logits(ProbeHead(point))
      let calibrated = TemperatureScale(logits, labels: labels)
      let choices = logits.argmax().array(as: Int64.self)
      let right = zip(choices, labels).count(where: { Int($0) == $1 })
      points.append(
        Point(
          regularization: regularization, trainingLoss: found.value,
          validationLoss: calibrated.loss, validationTop1: Double(right) / Double(labels.count),
          iterations: found.iterations, ending: found.ending))
      let place = points.count - 1
      if best.map({ calibrated.loss < points[$0.place].validationLoss }) ?? true {
        best = (place, point)
      } else if let best, place - best.place >= Self.patience {
        break
      }
    }
    guard let best else { preconditionFailure("the path has values") }
    let taken = points[best.place].regularization
    let head = ProbeHead(try fit(taken, from: best.point, to: Self.closely).point)
    let scale = TemperatureScale(try validation.logits(head), labels: labels).scale
    return Outcome(head: head, scale: scale, points: points, chosen: best.place)
  }
}

extension FeatureBlocks {
  /// Logits (rows, classes), f64, of all rows.
  ///
  /// - Throws: `FileError` when they cannot be read.
  package func logits(_ head: ProbeHead) throws -> Tensor {
    var parts: [Tensor] = []
    try forEach { _, features in parts.append(head(features)) }
    return .concatenated(parts)
  }
}
