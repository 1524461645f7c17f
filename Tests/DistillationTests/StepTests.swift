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

  private func step(
    _ student: any Model, _ objective: any Objective, rate: Double = 0.01, clip: Double = 1,
    precision: DType = .f32, mixup: Double = 1
  ) -> DistillationStep {
    student.store.requireGradients()
    let source = Mixup(mixup, seed: 0)
    return DistillationStep(
      student: student, objective: objective,
      optimizer: Adam(
        student.store.parameters, AdamConfiguration(learningRate: rate, clipNorm: clip)),
      schedule: Schedule(totalSteps: 100, warmupSteps: 0), lambda: source.lambda(step:),
      resolution: 16, precision: precision, device: .cpu)
  }

  @Test func bothNetworksSeeTheVerySameMixedImages() throws {
    let (teacher, student) = (Witness(), Witness())
    let objective = TeacherObjective(
      [Teacher(teacher, resolution: 16, precision: .f32, device: .cpu)], .kl(temperature: 1))
    let step = step(student, objective)
    for index in 0..<3 { _ = try step(views(seed: UInt64(index)), step: index) }
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
      let step = step(student, TeacherObjective(teachers, .kl(temperature: 1)), mixup: 0)
      let source = try BatchSource(
        images, policy: policy, batchSize: 4, student: 16, teachers: [16, 24], seed: 2)
      _ = try step(source.batch(0), step: 0)
      #expect(large.seen[0].shape == [4, 3, 24, 24])
      let difference = maximumDifference(teacher.seen[0], student.seen[0])
      #expect(policy.teacher == .shared ? difference == 0 : difference > 0.1)
    }
  }

  @Test func labelsPlayNoPartInDistillation() throws {
    func loss(_ labels: [Int?]) throws -> Double {
      Torch.manualSeed(1)
      let (teacher, student) = (Witness(), Witness())
      let objective = TeacherObjective(
        [Teacher(teacher, resolution: 16, precision: .f32, device: .cpu)], .kl(temperature: 1))
      let views = views()
      let batch = ImageBatch(student: views.student, indices: views.indices, labels: labels)
      return try step(student, objective)(batch, step: 0).loss
    }
    #expect(try loss([0, 1, 0, 1]) == loss([nil, nil, nil, nil]))
  }

  @Test func supervisionNeedsLabelsAndMixesThem() throws {
    let objective = LabelObjective(classes: 2, device: .cpu)
    let batch = Batch(views(), lambda: 0.75, device: .cpu)
    let target = try objective.target(batch)[0].array(as: Double.self)
    #expect(target == [0.75, 0.25, 0.25, 0.75, 0.75, 0.25, 0.25, 0.75])
    let unlabelled = ImageBatch(
      student: views().student, indices: [0, 1, 2, 3], labels: [0, nil, 0, 1])
    #expect(throws: TrainingError.self) {
      try objective.target(Batch(unlabelled, lambda: 1, device: .cpu))
    }
  }

  @Test func aLossThatIsNotFiniteStopsBeforeTheUpdate() throws {
    let (teacher, student) = (Witness(), Witness())
    student.classifier.weight.value.copy(from: .full([2, 3], .infinity))
    let objective = TeacherObjective(
      [Teacher(teacher, resolution: 16, precision: .f32, device: .cpu)], .kl(temperature: 1))
    let error = #expect(throws: TrainingError.self) {
      try step(student, objective)(views(), step: 7)
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
      let step = step(
        student, TeacherObjective([teacher], .kl(temperature: 1)), rate: 0.003, precision: precision
      )
      let losses = try (0..<12).map { try step(views(8), step: $0).loss }
      #expect(student.store.parameters.allSatisfy { $0.value.dtype == .f32 })
      return losses
    }
    let (wide, narrow) = (try losses(.f32), try losses(.bf16))
    for (a, b) in zip(wide, narrow) { #expect(abs(a - b) < 0.05 * wide[0] + 0.01) }
    #expect(wide[11] < 0.7 * wide[0])
    #expect(narrow[11] < 0.7 * narrow[0])
  }

  @Test func severalTeachersAddTheirDistances() throws {
    let teachers = (0..<2).map { _ in
      Teacher(Witness(), resolution: 16, precision: .f32, device: .cpu)
    }
    let batch = Batch(views(), lambda: 1, device: .cpu)
    let logits = Tensor.randn([4, 2])
    func loss(_ teachers: [Teacher]) throws -> Double {
      let objective = TeacherObjective(teachers, .l2)
      return objective.loss(logits, try objective.target(batch)).item
    }
    let whole = try loss(teachers)
    #expect(abs(whole - (try loss([teachers[0]]) + loss([teachers[1]]))) < 1e-5 * whole)
  }

  /// In a process of its own, since other tests hold tensors of theirs.
  @Test func nothingIsLeftBehind() async {
    await #expect(processExitsWith: .success) {
      func train() throws {
        let spec = ModelSpec.bit(
          BiTSpec(depth: [1], width: 0.25, classes: 4, stem: .small(stride: 2), groups: 8))
        let (student, teacher) = (try spec.build(seed: 1), try spec.build(seed: 2))
        student.store.requireGradients()
        let step = DistillationStep(
          student: student,
          objective: TeacherObjective(
            [Teacher(teacher, resolution: 16, precision: .bf16, device: .cpu)], .kl(temperature: 2)),
          optimizer: Adam(student.store.parameters, AdamConfiguration()),
          schedule: Schedule(totalSteps: 10, warmupSteps: 0), lambda: { _ in 0.7 }, resolution: 16,
          precision: .bf16, device: .cpu)
        let pixels = [UInt8](repeating: 9, count: 2 * 16 * 16 * 3)
        let views = ImageBatch(
          student: [16: Pixels(pixels, count: 2, size: 16)], indices: [0, 1], labels: [nil, nil])
        var live: [Int] = []
        for index in 0..<4 {
          _ = try step(views, step: index)
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
