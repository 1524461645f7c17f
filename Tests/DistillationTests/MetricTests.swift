import Foundation
import FunMatchDistillation
import FunMatchSettings
import FunMatchTorch
import Testing

/// Figures against `Scripts/golden/evaluation.py`.
struct MetricTests {
  private let arrays: [String: Tensor]
  private let labels: [Int?]

  init() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/evaluation.npz").path
    arrays = Dictionary(
      uniqueKeysWithValues: try NpzFile(path).readAll().map { ($0.name, $0.tensor) })
    labels = try #require(arrays["labels"]).array(as: Int64.self).map { $0 < 0 ? nil : Int($0) }
  }

  private func numbers(_ name: String) throws -> [Double] { try #require(arrays[name]).array() }

  private func isClose(_ value: Double?, _ expected: Double) -> Bool {
    // Narrow, or the floor in KL would not show.
    value.map { abs($0 - expected) <= 1e-11 * abs(expected) } ?? false
  }

  /// The teachers as one, f64.
  private func teacher() throws -> Tensor {
    let logits = try ["teacher0", "teacher1"].map { try #require(arrays[$0]).to(.f64) }
    return Ensemble(.probabilities, weights: try numbers("weights")).combined(logits)
  }

  /// The figures of parts that were added up one after the other, or apart from each other and then merged.
  private func evaluation(batchSize: Int, merges: Bool) throws -> Evaluation {
    let (student, teacher) = (try #require(arrays["student"]), try teacher())
    var tally = MetricTally()
    for start in stride(from: 0, to: labels.count, by: batchSize) {
      let range = start..<min(start + batchSize, labels.count)
      var part = merges ? MetricTally() : tally
      part.add(
        student.narrowed(0, range), Array(labels[range]), teacher: teacher.narrowed(0, range))
      if merges { tally.merge(part) } else { tally = part }
    }
    return Evaluation(tally, seconds: 1, teacherSeconds: 1)
  }

  @Test(arguments: [1, 37, 200], [true, false])
  func everyFigureIsNumPys(batchSize: Int, merges: Bool) throws {
    let evaluation = try evaluation(batchSize: batchSize, merges: merges)
    #expect(Double(evaluation.images) == (try numbers("figures/images")[0]))
    let figures = evaluation.figures(Metrics.builtIn)
    let expected = arrays.keys.filter { $0.hasPrefix("figures/") }.count
    // The fixture has the images among the figures, and calibration errors among the details.
    #expect(figures.count == expected - 1 + 2)
    for (name, value) in figures {
      let place =
        switch name {
        case "calibrationError": "detail/calibrationError"
        case "teacherCalibrationError": "teacherDetail/calibrationError"
        default: "figures/" + name
        }
      #expect(isClose(value, try numbers(place)[0]), "\(name): \(value)")
    }
  }

  @Test(arguments: ["detail", "teacherDetail"])
  func everyDetailIsNumPys(prefix: String) throws {
    let logits = prefix == "detail" ? try #require(arrays["student"]) : try teacher()
    var detail = EvaluationDetail(classes: 12)
    for start in stride(from: 0, to: labels.count, by: 64) {
      let range = start..<min(start + 64, labels.count)
      detail.add(logits.narrowed(0, range), Array(labels[range]))
    }
    #expect(
      detail.confusion.flatMap { $0.map(Double.init) } == (try numbers(prefix + "/confusion")))
    #expect(detail.classes.map { Double($0.images) } == (try numbers(prefix + "/classImages")))
    #expect(detail.classes.map { Double($0.right) } == (try numbers(prefix + "/classRight")))
    #expect(detail.classes[7].images == 0 && detail.classes[7].top1 == nil)
    #expect(isClose(detail.calibration.error, try numbers(prefix + "/calibrationError")[0]))
    let bins = try numbers(prefix + "/bins")
    #expect(detail.calibration.bins.count == 15)
    for (number, bin) in detail.calibration.bins.enumerated() {
      #expect(Double(bin.images) == bins[3 * number])
      #expect((bin.confidence == nil) == (bin.images == 0))
      #expect((bin.accuracy == nil) == (bin.images == 0))
      #expect(isClose(bin.confidence ?? 0, bins[3 * number + 1]))
      #expect(isClose(bin.accuracy ?? 0, bins[3 * number + 2]))
    }
  }

  @Test func teachersCountAsOne() throws {
    let weights = try numbers("weights")
    for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 1e-6)] {
      let logits = try ["teacher0", "teacher1"].map { try #require(arrays[$0]).to(dtype) }
      func check(_ combination: Ensemble.Combination, _ temperature: Double, _ name: String) throws
      {
        let common = Ensemble(combination, weights: weights).combined(
          logits, temperature: temperature)
        let expected = try numbers(name)
        #expect(common.dtype == dtype && common.shape == [200, 12])
        let values = common.array(as: Double.self)
        let scale = expected.reduce(0) { max($0, abs($1)) }
        for (value, wanted) in zip(values, expected) {
          #expect(abs(value - wanted) <= tolerance * scale)
        }
        // Only ratios of weights matter.
        let doubled = Ensemble(combination, weights: weights.map { $0 * 2 })
          .combined(logits, temperature: temperature)
        #expect(doubled.bytes == common.bytes)
      }
      for temperature in [1, 2.5] {
        try check(.probabilities, temperature, "probabilities/\(Double(temperature))")
        try check(.distances, temperature, "probabilities/\(Double(temperature))")
        try check(.logits, temperature, "logits")
      }
      // A softmax gives the mean probabilities back.
      let common = Ensemble(.probabilities, weights: [1, 1]).combined(logits, temperature: 3)
      let mean = logits.map { ($0 * (1 / 3)).softmax() * 0.5 }
      let difference = ((common * (1 / 3)).softmax() - (mean[0] + mean[1])).magnitude()
      #expect(difference.array(as: Double.self).allSatisfy { $0 < 1e-6 })
      for combination in Ensemble.Combination.allCases {
        let alone = Ensemble(combination, weights: [0.3]).combined([logits[0]], temperature: 2)
        #expect(alone.bytes == logits[0].bytes, "one teacher's logits stay as they are")
      }
    }
  }

  @Test func whatIsMissingIsNil() throws {
    var few = MetricTally()
    few.add(Tensor([1, 2, 3, 3, 2, 1] as [Float], shape: [2, 3]), [nil, nil])
    #expect(Set(few.values.keys) == ["entropy"] && few.teacherValues.isEmpty)
    few.add(Tensor([1, 2, 3] as [Float], shape: [1, 3]), [0])
    #expect(few.values["top1"] == 0 && few.values["top5"] == 1 && few.images == 3)
    let none = MetricTally()
    #expect(none.images == 0 && none.values.isEmpty)
  }

  /// A metric from outside is added up like the others, and merged.
  @Test func metricsCanBeAdded() throws {
    let last = Metric.mean("last", "last class", of: .network, in: .share, isHigherBetter: nil) {
      $0.logits.choice == 2 ? 1 : 0
    }
    let metrics = Registry.standard.adding(metric: last).metrics
    #expect(metrics.count == Metrics.builtIn.count + 1)
    var (one, other) = (MetricTally(metrics), MetricTally(metrics))
    let logits = Tensor([1, 2, 3, 3, 2, 1] as [Float], shape: [2, 3])
    one.add(logits, [nil, nil], teacher: logits)
    other.add(Tensor([0, 0, 9] as [Float], shape: [1, 3]), [2])
    one.merge(other)
    let evaluation = Evaluation(one, seconds: 1, teacherSeconds: 1)
    #expect(evaluation[last] == 2.0 / 3 && evaluation.teacher(last) == 0.5)
    #expect(evaluation.figures(metrics)["teacherLast"] == 0.5)
  }

  /// The lower of equal logits comes first; one that is not a number is never right.
  @Test func tiesAndBrokenNetworks() {
    func add(_ logits: Tensor, _ labels: [Int]) -> (values: [String: Double], EvaluationDetail) {
      var tally = MetricTally()
      tally.add(logits, labels)
      var detail = EvaluationDetail(classes: logits.shape[1])
      detail.add(logits, labels)
      return (tally.values, detail)
    }
    let equal = Tensor([Float](repeating: 2, count: 7 * 7), shape: [7, 7])
    let (ties, detail) = add(equal, Array(0..<7))
    #expect(ties["top1"] == 1.0 / 7 && ties["top5"] == 5.0 / 7)
    // A confidence of a seventh is in the third of the bins of a fifteenth.
    #expect(detail.calibration.bins[2].images == 7)
    let (broken, brokenDetail) = add(equal * .nan, Array(0..<7))
    #expect(broken["top1"] == 0 && broken["top5"] == 0)
    #expect(broken["loss"]?.isNaN == true)
    #expect(brokenDetail.confusion.joined().reduce(0, +) == 7)
    let (_, sure) = add(Tensor([100, 0] as [Float], shape: [1, 2]), [0])
    #expect(sure.calibration.bins[14].images == 1 && sure.calibration.error == 0)
  }
}
