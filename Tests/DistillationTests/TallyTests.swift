import Foundation
import FunMatchDistillation
import FunMatchTorch
import Testing

/// Figures against `Scripts/golden/evaluation.py`.
struct TallyTests {
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

  private func tally(batchSize: Int, detailed: Bool = true) throws -> Tally {
    let (student, teacher) = (try #require(arrays["student"]), try teacher())
    var tally = Tally(classes: 12, detailed: detailed)
    for start in stride(from: 0, to: labels.count, by: batchSize) {
      let range = start..<min(start + batchSize, labels.count)
      tally.count(
        student.narrowed(0, range), Array(labels[range]), teacher: teacher.narrowed(0, range))
    }
    return tally
  }

  @Test(arguments: [1, 37, 200])
  func everyFigureIsNumPys(batchSize: Int) throws {
    let figures = try tally(batchSize: batchSize, detailed: false).evaluation.figures
    let expected = arrays.keys.filter { $0.hasPrefix("figures/") }
    #expect(Set(figures.keys.map { "figures/" + $0 }) == Set(expected) && figures.count == 13)
    for (name, value) in figures {
      #expect(isClose(value, try numbers("figures/" + name)[0]), "\(name): \(value)")
    }
  }

  @Test func everyDetailIsNumPys() throws {
    #expect(try tally(batchSize: 64, detailed: false).detail == nil)
    let tally = try tally(batchSize: 64)
    for (prefix, found) in [("detail", tally.detail), ("teacherDetail", tally.teacherDetail)] {
      let detail = try #require(found)
      #expect(
        detail.confusion.flatMap { $0.map(Double.init) } == (try numbers(prefix + "/confusion")))
      #expect(
        detail.classes.map { Double($0.images) } == (try numbers(prefix + "/classImages")))
      #expect(detail.classes.map { Double($0.right) } == (try numbers(prefix + "/classRight")))
      #expect(detail.classes[7].images == 0 && detail.classes[7].top1 == nil)
      #expect(
        isClose(detail.calibration.error, try numbers(prefix + "/calibrationError")[0]))
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
  }

  @Test func teachersAnswerAsOne() throws {
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
    var few = Tally(classes: 3, detailed: true)
    few.count(Tensor([1, 2, 3, 3, 2, 1] as [Float], shape: [2, 3]), [nil, nil])
    #expect(few.detail == nil && few.evaluation.loss == nil && few.evaluation.top5 == nil)
    #expect(Set(few.evaluation.figures.keys) == ["images", "entropy"])
    few.count(Tensor([1, 2, 3] as [Float], shape: [1, 3]), [0])
    #expect(few.evaluation.top1 == 0 && few.evaluation.top5 == 1 && few.evaluation.images == 3)
    let none = Tally(classes: 3).evaluation
    #expect(none.images == 0 && none.top1 == nil && none.entropy == 0)
  }

  /// The lower of equal logits comes first; one that is not a number is never right.
  @Test func tiesAndBrokenNetworks() {
    var tally = Tally(classes: 7, detailed: true)
    let equal = Tensor([Float](repeating: 2, count: 7 * 7), shape: [7, 7])
    tally.count(equal, Array(0..<7))
    #expect(tally.evaluation.top1 == 1.0 / 7 && tally.evaluation.top5 == 5.0 / 7)
    // A confidence of a seventh is in the third of the bins of a fifteenth.
    #expect(tally.detail?.calibration.bins[2].images == 7)
    var broken = Tally(classes: 7, detailed: true)
    broken.count(equal * .nan, Array(0..<7))
    #expect(broken.evaluation.top1 == 0 && broken.evaluation.top5 == 0)
    #expect(broken.evaluation.loss?.isNaN == true)
    #expect(broken.detail?.confusion.joined().reduce(0, +) == 7)
    let sure = Tensor([100, 0] as [Float], shape: [1, 2])
    var tally2 = Tally(classes: 2, detailed: true)
    tally2.count(sure, [0])
    #expect(tally2.detail?.calibration.bins[14].images == 1)
    #expect(tally2.detail?.calibration.error == 0)
  }
}
