import Foundation
import FunMatchOptimizers
import FunMatchRuns
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Heads against scikit-learn, NumPy and SciPy, as `Scripts/golden/probe.py` ran them.
struct ProbeFitTests {
  private let arrays: [String: Tensor]
  private let folder: TemporaryFolder
  private let table: FeatureTable
  private let labels: [Int]

  init() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/probe.npz").path
    let all = try NpzFile(path).readAll()
    arrays = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.tensor) })
    folder = try TemporaryFolder()
    let features = try #require(arrays["features"])
    labels = try #require(arrays["labels"]).array(as: Int64.self).map { Int($0) }
    table = try FeatureTable(
      folder.write("features", features.bytes), images: features.shape[0], views: 1,
      width: features.shape[1])
  }

  private func array(_ name: String) throws -> Tensor { try #require(arrays[name], "\(name)") }

  private func number(_ name: String) throws -> Double { try array(name).item }

  private func largest(_ a: Tensor, _ b: Tensor) -> Double {
    (a - b).magnitude().array(as: Double.self).max() ?? .infinity
  }

  private func loss(mostBytes: Int = FeatureBlocks.mostBytes) throws -> LogisticLoss {
    LogisticLoss(
      FeatureBlocks(table, try FeatureScaling(of: table), mostBytes: mostBytes), labels: labels,
      classes: 3)
  }

  @Test func featuresAreScaledAsScikitLearnDoes() throws {
    let scaling = try FeatureScaling(of: table)
    // Means are sums of 90 values, up to some thousand deviations away from 0.
    #expect(largest(scaling(try table.read(0..<90)), try array("scaled")) < 1e-9)
  }

  @Test func lossAndGradientAreNumPys() throws {
    let (value, gradient) = try loss()(array("point"), regularization: 0.03)
    #expect(abs(value - (try number("value"))) < 1e-9)
    #expect(largest(gradient, try array("gradient")) < 1e-9)
    // What does not stay in memory is read anew and says the same.
    let again = try loss(mostBytes: 0)(array("point"), regularization: 0.03)
    #expect(again.value == value && again.gradient.bytes == gradient.bytes)
  }

  @Test(arguments: ["0.01", "1.0", "100.0"])
  func theOptimumIsScikitLearns(strength: String) throws {
    let regularization = 1 / ((try #require(Double(strength))) * 90)
    let (loss, flat) = (try loss(), 1e-9)
    let found = try LBFGS(tolerance: flat, iterations: 5000).minimize(from: loss.start) {
      try loss($0, regularization: regularization)
    }
    #expect(found.ending == .converged)
    let wanted = try number("loss/\(strength)")
    // Either is within (gradient)² / (2 regularization) of the least loss, which is below 1e-11.
    #expect(abs(found.value - wanted) < 1e-9 * wanted)
    // And its weights are within gradient / regularization of the best: 39 components each.
    let reach = (flat + (try number("flat/\(strength)"))) * 39.0.squareRoot() / regularization
    let (own, other) = (ProbeHead(found.point), ProbeHead(try array("point/\(strength)")))
    #expect(largest(own.weight, other.weight) < reach + 1e-9)
    let scaled = try array("scaled")
    #expect(largest(own(scaled), other(scaled)) < 200 * (reach + 1e-9))
  }

  /// Views of an image have its class.
  @Test func severalViewsCountAsSeveralImages() throws {
    let half = (0..<45).map { labels[2 * $0] }
    let views = try FeatureTable(folder.file("features"), images: 45, views: 2, width: 12)
    let scaling = try FeatureScaling(of: views)
    let pairs = LogisticLoss(FeatureBlocks(views, scaling), labels: half, classes: 3)
    let single = LogisticLoss(
      FeatureBlocks(table, scaling), labels: half.flatMap { [$0, $0] }, classes: 3)
    let point = try array("point")
    let (a, b) = try (pairs(point, regularization: 0.1), single(point, regularization: 0.1))
    #expect(a.value == b.value && a.gradient.bytes == b.gradient.bytes)
  }

  @Test func theTemperatureIsSciPys() throws {
    let found = TemperatureScale(try array("logits"), labels: labels)
    // SciPy looks at values, in which a minimum is known to the root of the rounding.
    #expect(abs(found.scale / (try number("scale")) - 1) < 1e-6)
    #expect(abs(found.loss - (try number("scaledLoss"))) < 1e-6)
    // All are right: without doubt it would be the largest.
    let sure = Tensor(labels.map { Int64($0) }).oneHot(3).to(.f64)
    let scale = TemperatureScale(sure, labels: labels).scale
    // p / (1 - p) = e^scale / 2 where p is 90/91 and a third of 1/91.
    let right = 90.0 / 91 + 1.0 / 273
    #expect(abs(scale - log(2 * right / (1 - right))) < 1e-5)
  }

  /// What is written is for features as they come.
  @Test func aHeadIsUnscaledWithoutAnyChange() throws {
    let (scaling, head) = (try FeatureScaling(of: table), ProbeHead(try array("point/1.0")))
    let rows = try table.read(0..<90)
    let (scaled, plain) = (
      head(scaling(rows)) * 0.7, head.unscaled(scaling, times: 0.7)(rows.to(.f64))
    )
    #expect(largest(scaled, plain) < 1e-9)
  }

  @Test func prototypesAreMeansOfClasses() throws {
    let head = try loss().prototypes()
    let scaled = try array("scaled").array(as: Double.self)
    for label in 0..<3 {
      let rows = labels.indices.filter { labels[$0] == label }
      let mean = (0..<12).map { column in
        rows.reduce(0) { $0 + scaled[$1 * 12 + column] } / Double(rows.count)
      }
      let own = head.weight.narrowed(0, label..<label + 1).array(as: Double.self)
      #expect(zip(own, mean).allSatisfy { abs($0 - $1) < 1e-9 })
      let square = mean.reduce(0) { $0 + $1 * $1 }
      #expect(abs(head.bias.array(as: Double.self)[label] + square / 2) < 1e-9)
    }
  }

  /// The head that is taken is within a ten-thousandth of the least loss, and is the one of all that validation images, here
  /// other noise around the same, speak for.
  @Test func thePathEndsAtTheOptimumOfItsChoice() throws {
    let loss = try loss()
    let scaling = try FeatureScaling(of: table)
    let noisy = Torch.withSeed(3) {
      (0..<90).map { row -> Tensor in
        let values = (try? table.read(row..<row + 1)) ?? .zeros([1, 12])
        return values + Tensor.randn([1, 12]) * scaling.deviation.to(.f32)
      }
    }
    let other = try FeatureTable(
      folder.write("other", Tensor.concatenated(noisy).contiguous.bytes), images: 90, views: 1,
      width: 12)
    let validation = FeatureBlocks(other, scaling)
    let path = LogisticPath(loss, validation: validation, labels: labels)
    var told = 0
    let outcome = try path.run(show: { _ in told += 1 }, shouldStop: { false })
    #expect(told >= outcome.points.reduce(0) { $0 + $1.iterations })
    let chosen = outcome.points[outcome.chosen]
    #expect(outcome.points.allSatisfy { $0.validationLoss >= chosen.validationLoss })
    // Three more bring nothing, or it is the end.
    #expect(
      outcome.points.count == outcome.chosen + 4
        || outcome.points.count == LogisticPath.regularizations.count)
    #expect(
      outcome.points.map(\.regularization)
        == Array(LogisticPath.regularizations.prefix(outcome.points.count)))
    let point = Tensor.concatenated(
      [outcome.head.weight, outcome.head.bias.reshaped([3, 1])], 1)
    let value = try loss(point, regularization: chosen.regularization).value
    let least = try LBFGS(tolerance: 1e-9, iterations: 5000).minimize(from: loss.start) {
      try loss($0, regularization: chosen.regularization)
    }.value
    #expect(value - least < 1e-4 * least && value >= least - 1e-12)
    let scale = TemperatureScale(try validation.logits(outcome.head), labels: labels).scale
    #expect(outcome.scale == scale)
    #expect(throws: CancellationError.self) {
      var calls = 0
      _ = try path.run(
        show: { _ in },
        shouldStop: {
          calls += 1
          return calls > 20
        })
    }
  }
}
