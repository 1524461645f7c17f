import Foundation
import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

struct ObjectiveTests {
  private func batch(_ labels: [Int?]) -> Batch {
    let pixels = Pixels(
      [UInt8](repeating: 0, count: labels.count * 3), count: labels.count, size: 1)
    return Batch(
      ImageBatch(student: [1: pixels], indices: Array(labels.indices), labels: labels), lambda: 1,
      device: .cpu)
  }

  /// Against PyTorch's cross entropy, as `Scripts/golden/optimizers.py` ran it.
  @Test func smoothedLabelsArePyTorchs() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/labels.npz").path
    let arrays = Dictionary(
      uniqueKeysWithValues: try NpzFile(path).readAll().map { ($0.name, $0.tensor) })
    let labels = try #require(arrays["labels"]).array(as: Int64.self).map { Int($0) }
    for smoothing in [0.0, 0.1, 0.3] {
      let logits = try #require(arrays["logits"]).clone()
      logits.requiresGradient = true
      let objective = Objective.labels(
        LabelLoss(classes: 5, smoothing: smoothing, device: .cpu))
      let loss = try DistillationStep.loss(objective, logits, [], batch(labels))
      loss.backward()
      #expect(abs(loss.item - (try #require(arrays["loss/\(smoothing)"]).item)) < 1e-5)
      let gradient = try #require(logits.gradient)
      #expect(maximumDifference(gradient, try #require(arrays["gradient/\(smoothing)"])) < 1e-6)
    }
  }

  @Test func aBlendTakesItsShares() throws {
    let (logits, teacherLogits) = Torch.withSeed(1) {
      (Tensor.randn([2, 3]), [Tensor.randn([2, 3])])
    }
    let labels = LabelLoss(classes: 3, device: .cpu)
    let batch = batch([2, 0])
    func loss(_ objective: Objective) throws -> Double {
      try DistillationStep.loss(objective, logits, teacherLogits, batch).item
    }
    let (alone, supervised) = (try loss(.distance(.l2)), try loss(.labels(labels)))
    for alpha in [0, 0.25, 1] {
      let blend = try loss(.blend(.l2, labels, alpha: alpha))
      #expect(abs(blend - ((1 - alpha) * alone + alpha * supervised)) < 1e-5)
    }
    #expect(throws: TrainingError.self) {
      try DistillationStep.loss(
        .blend(.l2, labels, alpha: 0.5), logits, teacherLogits, self.batch([nil, 0]))
    }
  }

  /// KL is linear in the target but for the target's own entropy: adding the distances to several
  /// teachers and taking the one to their mean probabilities have the same gradient.
  @Test func addedDistancesHaveTheGradientOfMeanProbabilities() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.25, classes: 4, stem: .small(stride: 2), groups: 4))
    let teachers = try (1...3).map { seed in
      let model = try spec.build(seed: UInt64(seed))
      Torch.withSeed(UInt64(seed)) {
        for parameter in model.head { parameter.value.copy(from: .randn(parameter.value.shape)) }
      }
      return Teacher(model, resolution: 8, precision: .f32, device: .cpu)
    }
    let live = LiveTeacherLogits(teachers)
    let pixels = (0..<2 * 8 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let batch = Batch(
      ImageBatch(
        student: [8: Pixels(pixels, count: 2, size: 8)], indices: [0, 1], labels: [nil, nil]),
      lambda: 1, device: .cpu)
    let start = Torch.withSeed(4) { Tensor.randn([2, 4]) }
    func gradient(_ combination: Ensemble.Combination, _ weights: [Double]) throws -> Tensor {
      let logits = start.clone()
      logits.requiresGradient = true
      let objective = Objective.distance(
        .kl(temperature: 3), Ensemble(combination, weights: weights))
      try DistillationStep.loss(objective, logits, live.logits(batch, step: 0), batch).backward()
      return try #require(logits.gradient)
    }
    let added = try gradient(.distances, [1, 2, 0.5])
    let mean = try gradient(.probabilities, [1, 2, 0.5]) * 3.5
    #expect(maximumDifference(added, mean) < 1e-5)
    #expect(maximumDifference(added, try gradient(.logits, [1, 2, 0.5]) * 3.5) > 1e-4)
    #expect(maximumDifference(added, try gradient(.distances, [1, 1, 1])) > 1e-4)
  }

  @Test func anAverageFollowsWhatItIsOf() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.25, classes: 2, stem: .small(stride: 2), groups: 4))
    let student = try spec.build(seed: 3)
    student.store.requireGradients()
    let average = AveragedModel(try spec.build(seed: nil), of: student, decay: 0.5)
    let learner = Learner(
      student, objective: .distance(.l2),
      optimizer: SGD(student.store.parameters, SGDConfiguration(learningRate: 0.1)),
      schedule: Schedule(totalSteps: 100, warmupSteps: 0, decay: .constant), precision: .f32,
      average: average)
    let step = DistillationStep(
      FixedLogits(logits: Torch.withSeed(2) { .randn([2, 2]) }), lambda: { _ in 1 },
      resolution: 8, device: .cpu)
    let pixels = (0..<2 * 8 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let views = ImageBatch(
      student: [8: Pixels(pixels, count: 2, size: 8)], indices: [0, 1], labels: [nil, nil])
    var wanted = try #require(student.store["head.fc.bias"]).value.array(as: Double.self)
    for number in 1...20 {
      try step(views, step: number - 1, learner)
      let bias = try #require(student.store["head.fc.bias"]).value.array(as: Double.self)
      // From update 9 on the wanted decay is reached: (1 + n) / (10 + n) = 1/2 at n = 8.
      let kept = min(0.5, Double(1 + number) / Double(10 + number))
      wanted = zip(wanted, bias).map { kept * $0 + (1 - kept) * $1 }
    }
    let bias = try #require(average.model.store["head.fc.bias"]).value.array(as: Double.self)
    for (a, b) in zip(bias, wanted) { #expect(abs(a - b) < 1e-6) }
    let other = AveragedModel(try spec.build(seed: nil), of: student, decay: 0.5)
    try other.restore(average.state, from: "memory")
    for (a, b) in zip(average.state, other.state) { #expect(a.tensor.bytes == b.tensor.bytes) }
  }
}

/// The same logits of everything.
private struct FixedLogits: TeacherLogits {
  let logits: Tensor
  func logits(_ batch: Batch, step: Int) -> [Tensor] { [logits] }
}
