import FunMatchDatasets
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// A model that remembers what it was shown.
private final class Witness: Model {
  let store = ParameterStore()
  var input = InputScaling.official
  let classifier: Linear
  var seen: [Tensor] = []

  init() { classifier = Linear(store.root, 3, 2) }

  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    seen.append(images)
    return logits(images, mode)
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S { images.spatialMean(keepsSides: false) }
}

struct StepTests {
  private func views(_ count: Int = 4, size: Int = 16, seed: UInt64 = 1) -> ImageBatch {
    var random = Philox(seed: seed, 0, 0, 0)
    let pixels = (0..<count * size * size * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return ImageBatch(
      student: [size: Pixels(pixels, count: count, size: size)], indices: Array(0..<count),
      labels: (0..<count).map { $0 % 2 })
  }

  private func learner(
    _ student: any Model, rate: Double = 0.01, precision: DType = .f32
  ) -> Learner {
    student.store.requireGradients()
    return Learner(
      student, objective: .distance(.kl(temperature: 1)),
      optimizer: Adam(student.store.parameters, AdamConfiguration(learningRate: rate, clipNorm: 1)),
      schedule: Schedule(totalSteps: 100, warmupSteps: 0), precision: precision)
  }

  private func step(_ teachers: [Teacher], mixup: Double = 1) -> DistillationStep {
    DistillationStep(
      LiveTeacherLogits(teachers), lambda: Mixup(mixup, seed: 0).lambda(step:), resolution: 16,
      device: .cpu)
  }

  private func teacher(_ network: any Model) -> Teacher {
    Teacher(network, resolution: 16, precision: .f32, device: .cpu)
  }

  @Test func bothNetworksSeeTheVerySameMixedImages() throws {
    let (teacher, student) = (Witness(), Witness())
    let (step, learner) = (step([self.teacher(teacher)]), learner(student))
    for index in 0..<3 { try step(views(seed: UInt64(index)), step: index, learner) }
    #expect(teacher.seen.count == 3)
    for (index, (a, b)) in zip(teacher.seen, student.seen).enumerated() {
      #expect(maximumDifference(a, b) == 0)
      let plain = Batch(views(seed: UInt64(index)), lambda: 1, device: .cpu).student[16]
      // Noise of ±1 mixed with other noise moves by up to 2 (1 - λ).
      let mixed = 1 - Mixup(1, seed: 0).lambda(step: index)
      #expect(maximumDifference(a, try #require(plain)) > mixed)
    }
  }

  @Test func teachersSeeTheirOwnViewsWhereThePolicySaysSo() throws {
    let images = PictureList((0..<8).map { photograph(height: 40, width: 50, seed: $0) })
    for policy in [ViewPolicy.independentInception, .sameInception] {
      let (teacher, large, student) = (Witness(), Witness(), Witness())
      let teachers = [(teacher, 16), (large, 24)].map {
        Teacher($0, resolution: $1, precision: .f32, device: .cpu)
      }
      let step = step(teachers, mixup: 0)
      let source = try BatchSource(
        images, policy: policy, batchSize: 4, student: 16, teachers: [16, 24], seed: 2)
      try step(source.batch(0), step: 0, learner(student))
      #expect(large.seen[0].shape == [4, 3, 24, 24])
      let difference = maximumDifference(teacher.seen[0], student.seen[0])
      #expect(policy.teacher == .shared ? difference == 0 : difference > 0.1)
    }
  }

  @Test func labelsPlayNoPartInDistillation() throws {
    func loss(_ labels: [Int?]) throws -> Double {
      let (teacher, student) = Torch.withSeed(1) { (Witness(), Witness()) }
      let views = views()
      let batch = ImageBatch(student: views.student, indices: views.indices, labels: labels)
      return try step([self.teacher(teacher)])(batch, step: 0, learner(student)).loss
    }
    #expect(try loss([0, 1, 0, 1]) == loss([nil, nil, nil, nil]))
  }

  @Test func supervisionNeedsLabelsAndMixesThem() throws {
    let labels = LabelLoss(classes: 2, device: .cpu)
    let batch = Batch(views(), lambda: 0.75, device: .cpu)
    let target = Tensor([0.75, 0.25, 0.25, 0.75, 0.75, 0.25, 0.25, 0.75]).reshaped([4, 2])
    let logits = Torch.withSeed(1) { Tensor.randn([4, 2]) }
    let expected = -(target.to(.f32) * logits.logSoftmax()).sum([1]).mean().item
    #expect(abs(try labels(logits, batch).item - expected) < 1e-6)
    let unlabelled = ImageBatch(
      student: views().student, indices: [0, 1, 2, 3], labels: [0, nil, 0, 1])
    #expect(throws: TrainingError.self) {
      try labels(logits, Batch(unlabelled, lambda: 1, device: .cpu))
    }
  }

  @Test func aLossThatIsNotFiniteStopsBeforeTheUpdate() throws {
    let (teacher, student) = (Witness(), Witness())
    student.classifier.weight.value.copy(from: .full([2, 3], .infinity))
    let step = step([self.teacher(teacher)])
    let error = #expect(throws: TrainingError.self) {
      try step(views(), step: 7, learner(student))
    }
    #expect(error?.description.contains("step 8") == true)
  }

  @Test func mixedPrecisionStaysCloseToSingle() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1, 1], width: 0.25, classes: 4, stem: .small(stride: 1), groups: 8))
    func losses(_ precision: DType) throws -> [Double] {
      let (student, other) = (try spec.build(seed: 1), try spec.build(seed: 2))
      let head = try #require(other.store["head.fc.weight"])
      Torch.withSeed(3) { head.value.copy(from: Tensor.randn(head.value.shape) * 0.2) }
      let teacher = Teacher(other, resolution: 16, precision: precision, device: .cpu)
      let learner = learner(student, rate: 0.003, precision: precision)
      let step = step([teacher])
      let losses = try (0..<12).map { try step(views(8), step: $0, learner).loss }
      #expect(student.store.parameters.allSatisfy { $0.value.dtype == .f32 })
      return losses
    }
    let (wide, narrow) = (try losses(.f32), try losses(.bf16))
    for (a, b) in zip(wide, narrow) { #expect(abs(a - b) < 0.05 * wide[0] + 0.01) }
    #expect(wide[11] < 0.7 * wide[0])
    #expect(narrow[11] < 0.7 * narrow[0])
  }

  @Test func severalTeachersAddTheirDistances() throws {
    let teachers = Torch.withSeed(2) { (0..<2).map { _ in teacher(Witness()) } }
    let batch = Batch(views(), lambda: 1, device: .cpu)
    let logits = Torch.withSeed(1) { Tensor.randn([4, 2]) }
    func loss(_ teachers: [Teacher]) throws -> Double {
      try DistillationStep.loss(
        .distance(.l2, Ensemble(weights: teachers.map { _ in 1 })), logits,
        LiveTeacherLogits(teachers).logits(batch, step: 0), batch
      ).item
    }
    let whole = try loss(teachers)
    #expect(abs(whole - (try loss([teachers[0]]) + loss([teachers[1]]))) < 1e-5 * whole)
  }

  /// Students side by side have the weights that each has alone, share the teacher's logits, and one that
  /// fails does so alone.
  @Test func studentsSideBySideAreAsAlone() throws {
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.25, classes: 2, stem: .small(stride: 2), groups: 4))
    let live = LiveTeacherLogits([teacher(Witness())])
    var step = DistillationStep(
      live, lambda: Mixup(1, seed: 0).lambda(step:), resolution: 16, device: .cpu)
    step.microBatchSize = 3
    func learners() throws -> [Learner] {
      try [0.01, 0.003, 0.03].enumerated().map {
        learner(try spec.build(seed: UInt64($0.offset)), rate: $0.element)
      }
    }
    let (together, alone) = (try learners(), try learners())
    let broken = Witness()
    broken.classifier.weight.value.copy(from: .full([2, 3], .infinity))
    for index in 0..<5 {
      let views = views(4, seed: UInt64(index))
      let updates = try step(views, step: index, [together[0], learner(broken)] + together[1...])
      #expect(throws: TrainingError.self) { try updates[1].get() }
      for (update, learner) in zip([updates[0], updates[2], updates[3]], alone) {
        #expect(try update.get().loss == step(views, step: index, learner).loss)
      }
    }
    #expect(live.viewCount == 5 * 4 * 4)
    for (a, b) in zip(together, alone) {
      for (one, other) in zip(a.student.store.parameters, b.student.store.parameters) {
        #expect(one.value.bytes == other.value.bytes, "\(one.name)")
      }
    }
  }

  /// In a process of its own, since other tests hold tensors of theirs.
  @Test func nothingIsLeftBehind() async {
    await #expect(processExitsWith: .success) {
      func train() throws {
        let spec = ModelSpec.bit(
          BiTSpec(depth: [1], width: 0.25, classes: 4, stem: .small(stride: 2), groups: 8))
        let (student, teacher) = (try spec.build(seed: 1), try spec.build(seed: 2))
        student.store.requireGradients()
        let learner = Learner(
          student, objective: .distance(.kl(temperature: 2)),
          optimizer: Adam(student.store.parameters, AdamConfiguration()),
          schedule: Schedule(totalSteps: 10, warmupSteps: 0), precision: .bf16)
        let step = DistillationStep(
          LiveTeacherLogits([
            Teacher(teacher, resolution: 16, precision: .bf16, device: .cpu)
          ]), lambda: { _ in 0.7 }, resolution: 16, device: .cpu)
        let pixels = [UInt8](repeating: 9, count: 2 * 16 * 16 * 3)
        let views = ImageBatch(
          student: [16: Pixels(pixels, count: 2, size: 16)], indices: [0, 1], labels: [nil, nil])
        var live: [Int] = []
        for index in 0..<4 {
          try step(views, step: index, learner)
          live.append(Torch.liveTensors)
        }
        precondition(live[1] == live[3], "tensors pile up: \(live)")
        precondition(live[3] > 0)
      }
      try train()
      precondition(Torch.liveTensors == 0, "\(Torch.liveTensors) tensors are left")
    }
  }
}
