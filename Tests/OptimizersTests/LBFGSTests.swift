import Foundation
import FunMatchOptimizers
import FunMatchTorch
import Testing

/// L-BFGS on functions whose minima are known.
struct LBFGSTests {
  /// Rosenbrock's in pairs: 100 (y - x²)² + (1 - x)², its minimum 0 where all are 1.
  private func rosenbrock(_ point: Tensor) -> (value: Double, gradient: Tensor) {
    let all = point.array(as: Double.self)
    var (value, gradient) = (0.0, [Double](repeating: 0, count: all.count))
    for place in stride(from: 0, to: all.count, by: 2) {
      let (x, y) = (all[place], all[place + 1])
      value += 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x)
      gradient[place] = -400 * x * (y - x * x) - 2 * (1 - x)
      gradient[place + 1] = 200 * (y - x * x)
    }
    return (value, Tensor(gradient, shape: point.shape))
  }

  @Test func itFindsTheEndOfACurvedValley() throws {
    let start = Tensor([-1.2, 1, 3, -4, 0, 0], shape: [3, 2])
    let found = try LBFGS(tolerance: 1e-9, iterations: 500).minimize(from: start, rosenbrock)
    #expect(found.ending == .converged && found.gradient <= 1e-9)
    #expect(found.point.shape == [3, 2])
    // The curvature is at least 0.39 at the minimum, so that the point is as near as the gradient says.
    #expect(found.point.array(as: Double.self).allSatisfy { abs($0 - 1) < 1e-8 })
    #expect(found.value < 1e-15)
    // Steepest descent takes tens of thousands.
    #expect(found.iterations < 200 && found.evaluations < 400)
    #expect(start.array(as: Double.self) == [-1.2, 1, 3, -4, 0, 0])
  }

  @Test func aQuadraticOfVeryUnequalCurvature() throws {
    let curvature = Tensor((0..<10).map { exp2(Double($0)) })
    let goal = Tensor((0..<10).map { Double($0) - 7.5 })
    let found = try LBFGS(tolerance: 1e-7, iterations: 300).minimize(
      from: .zeros([10], dtype: .f64)
    ) { point in
      let off = point - goal
      return ((off.squared() * curvature).sum().item / 2, off * curvature)
    }
    #expect(found.ending == .converged)
    let far = (found.point - goal).magnitude().array(as: Double.self).max() ?? 1
    #expect(far <= 1e-7)
  }

  @Test func itEndsWhereItIsToldTo() throws {
    let start = Tensor([-1.2, 1.0])
    let few = try LBFGS(tolerance: 1e-9, iterations: 3).minimize(from: start, rosenbrock)
    #expect(few.ending == .limit && few.iterations == 3)
    // Goes down, all the same.
    #expect(few.value < rosenbrock(start).value)
    let already = try LBFGS(tolerance: 1e-9, iterations: 3).minimize(
      from: .ones([2], dtype: .f64), rosenbrock)
    #expect(already.ending == .converged && already.iterations == 0 && already.evaluations == 1)
  }

  /// A tolerance below what rounding leaves is not waited for.
  @Test func roundingEndsItToo() throws {
    let found = try LBFGS(tolerance: 1e-300, iterations: 10_000).minimize(
      from: Tensor([3.0, -2])
    ) { point in
      let off = point - 1e8 / 3
      return (1e6 + off.squared().sum().item, off * 2)
    }
    #expect(found.ending != .limit)
    #expect(abs(found.value - 1e6) < 1)
  }

  /// A wall, where the value is not finite, is stepped back from.
  @Test func itStaysWhereTheFunctionIsFinite() throws {
    let found = try LBFGS(tolerance: 1e-10, iterations: 200).minimize(from: Tensor([3.0])) {
      point in
      // x - ln x: infinite at 0 and undefined below.
      (point.sum().item - point.log().sum().item, Tensor([1.0]) - Tensor([1.0]) / point)
    }
    #expect(found.ending == .converged && abs(found.point.item - 1) < 1e-9)
  }

  @Test func whatFailsIsThrown() throws {
    struct Stop: Error {}
    var calls = 0
    #expect(throws: Stop.self) {
      try LBFGS(tolerance: 1e-9, iterations: 100).minimize(from: Tensor([-1.2, 1.0])) { point in
        calls += 1
        if calls == 5 { throw Stop() }
        return rosenbrock(point)
      }
    }
    #expect(calls == 5)
    #expect(throws: TorchError.self) {
      try LBFGS(tolerance: 1e-9, iterations: 9).minimize(from: Tensor([1.0])) { (.nan, $0) }
    }
  }
}
