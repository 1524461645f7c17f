import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// A batch in parts is the batch as a whole.
struct AccumulationTests {
  private static let count = 512
  private static let size = 16

  private func views() -> ImageBatch {
    var random = Philox(seed: 8, 0, 0, 0)
    let bytes = Self.count * Self.size * Self.size * 3
    func pixels() -> Pixels {
      // Smooth, so that normalisation has something to keep.
      let values = (0..<bytes).map {
        UInt8(truncatingIfNeeded: $0 / 97 * 5 + Int(random.next() & 63))
      }
      return Pixels(values, count: Self.count, size: Self.size)
    }
    return ImageBatch(
      student: [Self.size: pixels()], indices: Array(0..<Self.count),
      labels: (0..<Self.count).map { $0 % 5 })
  }

  private func network(_ seed: UInt64) throws -> any Model {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.25, classes: 5, stem: .small(stride: 2), groups: 4))
    let model = try spec.build(seed: seed)
    Torch.withSeed(seed) {
      for parameter in model.head {
        parameter.value.copy(from: Tensor.randn(parameter.value.shape) * 0.2)
      }
    }
    return model
  }

  private func objective(_ kind: String) -> Objective {
    let labels = LabelLoss(classes: 5, smoothing: 0.1, device: .cpu)
    switch kind {
    case "labels": return .labels(labels)
    case "teachers": return .distance(.kl(temperature: 2))
    default: return .blend(.kl(temperature: 2), labels, alpha: 0.3)
    }
  }

  @Test(arguments: ["teachers", "labels", "both"], [128, 100])
  func partsHaveTheGradientOfTheWhole(kind: String, part: Int) throws {
    let views = views()
    func gradients(_ microBatch: Int?) throws -> (loss: Double, gradients: [(String, Tensor)]) {
      let student = try network(1)
      student.store.requireGradients()
      // After one update momentum is the gradient.
      let optimizer = SGD(student.store.parameters, SGDConfiguration(momentum: 0.9))
      let learner = Learner(
        student, objective: objective(kind), optimizer: optimizer,
        schedule: Schedule(totalSteps: 10, warmupSteps: 0), precision: .f32)
      let teacher = Teacher(
        try network(2), resolution: Self.size, precision: .f32, device: .cpu)
      var step = DistillationStep(
        LiveTeacherLogits([teacher]), lambda: { _ in 0.7 }, resolution: Self.size, device: .cpu)
      step.microBatchSize = microBatch
      let loss = try step(views, step: 0, learner).loss
      return (loss, optimizer.state.map { ($0.name, $0.tensor) })
    }
    let (whole, parts) = (try gradients(nil), try gradients(part))
    #expect(abs(whole.loss - parts.loss) < 1e-6 * whole.loss)
    for (a, b) in zip(whole.gradients, parts.gradients) {
      let largest = a.1.magnitude().array(as: Double.self).max() ?? 0
      #expect(largest > 0, "\(a.0)")
      #expect(maximumDifference(a.1, b.1) < 2e-5 * largest, "\(a.0)")
    }
  }

  /// Of a process that has some rows and the partner of the first.
  @Test func whoHasSomeRowsMixesThemAsInTheWhole() throws {
    let views = views()
    let whole = try #require(Batch(views, lambda: 0.6, device: .cpu).student[Self.size])
    for rows in [0..<128, 128..<256, 500..<512] {
      let held = Set(Array(rows) + [(rows.lowerBound + 511) % 512]).sorted()
      let pixels = try #require(views.student[Self.size])
      let each = Self.size * Self.size * 3
      let own = Pixels(
        held.flatMap { Array(pixels.bytes[$0 * each..<($0 + 1) * each]) }, count: held.count,
        size: Self.size)
      let some = ImageBatch(
        student: [Self.size: own], indices: held.map { views.indices[$0] },
        labels: held.map { views.labels[$0] }, rows: held, stepCount: 512)
      let part = Batch(some, rows: rows, lambda: 0.6, device: .cpu)
      let images = try #require(part.student[Self.size])
      #expect(maximumDifference(images, whole.narrowed(0, rows)) == 0)
      #expect(part.indices == Array(views.indices[rows]) && part.stepCount == 512)
      #expect(part.partners == rows.map { views.indices[($0 + 511) % 512] })
    }
  }

  @Test func everyPartIsMixedAsInTheWhole() throws {
    let views = views()
    let whole = Batch(views, lambda: 0.6, device: .cpu)
    let images = try #require(whole.student[Self.size])
    for rows in [0..<128, 128..<256, 500..<512, 0..<1] {
      let part = Batch(views, rows: rows, lambda: 0.6, device: .cpu)
      let own = try #require(part.student[Self.size])
      #expect(maximumDifference(own, images.narrowed(0, rows)) == 0)
      #expect(part.partners == rows.map { ($0 + 511) % 512 })
      #expect(part.labels == Array(whole.labels[rows]))
      #expect(part.partnerLabels == Array(whole.partnerLabels[rows]))
    }
  }
}
