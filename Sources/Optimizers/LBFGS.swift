import FunMatchTorch

/// Minimises a smooth function of all values of one f64 tensor by L-BFGS with a line search for the strong Wolfe conditions.
/// For functions that are computed as a whole, not for training on batches.
///
/// Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5, 3.5 and 3.6.
public struct LBFGS: Sendable {
  /// Why it ended.
  public enum Ending: String, Sendable, Codable {
    /// No component of the gradient is larger than the tolerance.
    case converged
    /// The iterations were used up.
    case limit
    /// Rounding hides any further descent.
    case precision
  }

  /// Where it ended.
  public struct Minimum {
    /// The point, f64, of the start's shape.
    public let point: Tensor
    /// The function's value there.
    public let value: Double
    /// The largest magnitude of a component of the gradient there.
    public let gradient: Double
    /// Steps that were taken.
    public let iterations: Int
    /// How many times the function was computed.
    public let evaluations: Int
    /// Why it ended.
    public let ending: Ending
  }

  /// A function's value and gradient, f64, of the point's shape.
  public typealias Function = (_ point: Tensor) throws -> (value: Double, gradient: Tensor)

  /// Largest magnitude of a component of the gradient at the end, positive.
  public var tolerance: Double
  /// Most steps, positive.
  public var iterations: Int
  /// How many of the latest steps tell the curvature, positive.
  public var history: Int

  /// Ten steps of history, as usual.
  public init(tolerance: Double, iterations: Int, history: Int = 10) {
    (self.tolerance, self.iterations, self.history) = (tolerance, iterations, history)
  }

  /// Share of the slope that the value has to fall by at least.
  fileprivate static let descent = 1e-4
  /// Share of the slope that may be left.
  fileprivate static let curvature = 0.9

  /// Goes down from `start`, which stays as it is.
  ///
  /// - Throws: what `function` throws; `TorchError` when its value at the start is not finite.
  public func minimize(from start: Tensor, _ function: Function) throws -> Minimum {
    var evaluations = 0
    func evaluate(_ point: Tensor) throws -> Place {
      evaluations += 1
      let (value, gradient) = try function(point)
      return Place(point: point, value: value, gradient: gradient)
    }
    var place = try evaluate(start)
    guard place.value.isFinite else {
      throw TorchError("the function to minimise is \(place.value) at the start")
    }
    var pairs: [Pair] = []
    var taken = 0
    func end(_ ending: Ending) -> Minimum {
      Minimum(
        point: place.point, value: place.value, gradient: place.largest, iterations: taken,
        evaluations: evaluations, ending: ending)
    }
    while place.largest > tolerance {
      guard taken < iterations else { return end(.limit) }
      var direction = Self.direction(place.gradient, pairs)
      var slope = place.gradient.dot(direction)
      if !(slope < 0) {
        pairs = []
        direction = -place.gradient
        slope = place.gradient.dot(direction)
      }
      let first = pairs.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
      let origin = place
      let found = try LineSearch(value: origin.value, slope: slope).run(first: first) { step in
        let next = try evaluate(origin.point + direction * step)
        return LineSearch.Trial(
          step: step, value: next.value, slope: next.gradient.dot(direction), place: next)
      }
      guard let next = found?.place else { return end(.precision) }
      let pair = Pair(step: next.point - origin.point, change: next.gradient - origin.gradient)
      // Without curvature a pair would make the next direction one that does not descend.
      if pair.curvature > 1e-12 * pair.change.dot(pair.change) {
        pairs = pairs.suffix(history - 1) + [pair]
      }
      place = next
      taken += 1
    }
    return end(.converged)
  }

  /// A step that was taken, and by how much the gradient changed over it.
  private struct Pair {
    let step: Tensor
    let change: Tensor
    let curvature: Double

    init(step: Tensor, change: Tensor) {
      (self.step, self.change) = (step, change)
      curvature = step.dot(change)
    }
  }

  /// The gradient times the inverse of the curvature that the pairs tell, downwards.
  private static func direction(_ gradient: Tensor, _ pairs: [Pair]) -> Tensor {
    var direction = -gradient
    var shares: [Double] = []
    for pair in pairs.reversed() {
      let share = pair.step.dot(direction) / pair.curvature
      shares.append(share)
      direction = direction - pair.change * share
    }
    if let last = pairs.last {
      direction = direction * (last.curvature / last.change.dot(last.change))
    }
    for (pair, share) in zip(pairs, shares.reversed()) {
      let back = pair.change.dot(direction) / pair.curvature
      direction = direction + pair.step * (share - back)
    }
    return direction
  }

  /// A point with what the function is there.
  fileprivate struct Place {
    let point: Tensor
    let value: Double
    let gradient: Tensor
    let largest: Double

    init(point: Tensor, value: Double, gradient: Tensor) {
      (self.point, self.value, self.gradient) = (point, value, gradient)
      largest = gradient.magnitude().array(as: Double.self).reduce(0) { max($0, $1) }
    }
  }
}

/// Looks along a direction for a step that lowers the value enough and flattens the slope.
private struct LineSearch {
  /// A step that was tried.
  struct Trial {
    let step: Double
    let value: Double
    let slope: Double
    let place: LBFGS.Place?
  }

  /// The function's value at step 0, and its slope there, negative.
  let value: Double
  let slope: Double

  private static let mostSteps = 20
  private static let mostCuts = 30

  /// A step that meets both conditions, or at least the first; `nil` where none does.
  func run(first: Double, _ evaluate: (_ step: Double) throws -> Trial) throws -> Trial? {
    var previous = Trial(step: 0, value: value, slope: slope, place: nil)
    var step = first
    for _ in 0..<Self.mostSteps {
      let trial = try evaluate(step)
      if !fallsEnough(trial) || (previous.step > 0 && trial.value >= previous.value) {
        return try narrow(low: previous, high: trial, evaluate)
      }
      if isFlat(trial) { return trial }
      if trial.slope >= 0 { return try narrow(low: trial, high: previous, evaluate) }
      previous = trial
      step *= 2
    }
    return previous
  }

  /// Between a step that falls enough and another that ends what is to be searched.
  private func narrow(
    low: Trial, high: Trial, _ evaluate: (_ step: Double) throws -> Trial
  ) throws -> Trial? {
    var (low, high) = (low, high)
    for _ in 0..<Self.mostCuts {
      let trial = try evaluate(between(low, high))
      if !fallsEnough(trial) || trial.value >= low.value {
        high = trial
      } else {
        if isFlat(trial) { return trial }
        if trial.slope * (high.step - low.step) >= 0 { high = low }
        low = trial
      }
      guard abs(high.step - low.step) > 1e-14 * max(high.step, low.step) else { break }
    }
    return low.step > 0 ? low : nil
  }

  private func fallsEnough(_ trial: Trial) -> Bool {
    // False of NaN, too.
    trial.value <= value + LBFGS.descent * trial.step * slope && trial.slope.isFinite
  }

  private func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= -LBFGS.curvature * slope }

  /// The minimum of the cubic through both, away from either end; the middle where there is none.
  private func between(_ one: Trial, _ other: Trial) -> Double {
    let width = other.step - one.step
    let middle = one.step + width / 2
    let chord = one.slope + other.slope - 3 * (one.value - other.value) / (one.step - other.step)
    let square = chord * chord - one.slope * other.slope
    guard square >= 0, square.isFinite else { return middle }
    let root = square.squareRoot() * (width < 0 ? -1 : 1)
    let share = 1 - (other.slope + root - chord) / (other.slope - one.slope + 2 * root)
    guard share.isFinite else { return middle }
    return one.step + min(max(share, 0.1), 0.9) * width
  }
}

extension Tensor {
  /// The sum of the products of all values.
  fileprivate func dot(_ other: Tensor) -> Double { (self * other).sum().item }
}
