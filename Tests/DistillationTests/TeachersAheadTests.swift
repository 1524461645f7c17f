import Foundation
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Synchronization
import Testing

/// Teachers that are one step ahead of their student.
struct TeachersAheadTests {
  private static let steps = 6

  private static func views(_ step: Int) -> ImageBatch {
    var random = Philox(seed: UInt64(step), 0, 0, 0)
    let pixels = (0..<4 * 28 * 28 * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return ImageBatch(
      student: [28: Pixels(pixels, count: 4, size: 28)], indices: Array(0..<4),
      labels: Array(repeating: nil, count: 4))
  }

  @Sendable private static func batch(_ step: Int) -> Batch {
    Batch(views(step), lambda: Mixup(1, seed: 0).lambda(step: step), device: .cpu)
  }

  private func network(_ seed: UInt64) throws -> any Model {
    let text =
      #"{"bit": {"depth": [1, 1], "width": 0.25, "stem": {"small": {"stride": 2}}, "groups": 4, "classes": 5}}"#
    let spec = try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
    let model = try spec.build(seed: seed)
    Torch.withSeed(seed) {
      for parameter in model.head { parameter.value.copy(from: .randn(parameter.value.shape)) }
    }
    return model
  }

  private func live() throws -> LiveTeacherLogits {
    LiveTeacherLogits([Teacher(try network(1), resolution: 28, precision: .f32, device: .cpu)])
  }

  /// A student's weights after some steps.
  private func trained(_ logits: any TeacherLogits) throws -> [Tensor] {
    let student = try network(2)
    student.store.requireGradients()
    let learner = Learner(
      student, objective: .distance(.kl(temperature: 1)),
      optimizer: Adam(student.store.parameters, AdamConfiguration(learningRate: 0.01)),
      schedule: Schedule(totalSteps: 100, warmupSteps: 0), precision: .f32)
    let step = DistillationStep(
      logits, lambda: Mixup(1, seed: 0).lambda(step:), resolution: 28, device: .cpu)
    for index in 0..<Self.steps { try step(Self.views(index), step: index, learner) }
    return student.store.all.map { $0.value.detached().clone() }
  }

  @Test func theStudentIsTheSame() throws {
    let (inTurn, live) = (try live(), try live())
    let asked = Mutex<[Int]>([])
    let expected = try trained(inTurn)
    let ahead = TeachersAhead(live, steps: Self.steps) { step in
      asked.withLock { $0.append(step) }
      return Self.batch(step)
    }
    for (a, b) in zip(try trained(ahead), expected) { #expect(maximumDifference(a, b) == 0) }
    // Nothing is drawn twice, and nothing beyond the last step.
    #expect(asked.withLock { $0 } == Array(1..<Self.steps))
    #expect(live.viewCount == inTurn.viewCount && live.viewCount == 4 * Self.steps)
  }

  /// After a step that was left out, such as one that a bank had.
  @Test func anyStepMayBeAskedFor() throws {
    let ahead = TeachersAhead(try live(), steps: 100) { Self.batch($0) }
    let live = try live()
    for step in [0, 1, 5, 2, 2, 99, 3] {
      let logits = try ahead.logits(Self.batch(step), step: step)
      let expected = try live.logits(Self.batch(step), step: step)
      #expect(maximumDifference(logits[0], expected[0]) == 0, "\(step)")
    }
  }

  #if os(Linux)
    @Test func withoutAThreadTheLogitsAreTheSame() async {
      await #expect(processExitsWith: .success) {
        Torch.threads = 1
        try refuseThreads()
        let tests = TeachersAheadTests()
        let ahead = TeachersAhead(try tests.live(), steps: 100) { TeachersAheadTests.batch($0) }
        let live = try tests.live()
        for step in [0, 1, 2, 7, 8] {
          let logits = try ahead.logits(TeachersAheadTests.batch(step), step: step)
          let expected = try live.logits(TeachersAheadTests.batch(step), step: step)
          #expect(maximumDifference(logits[0], expected[0]) == 0, "\(step)")
        }
      }
    }
  #endif

  @Test func whatReadingThrowsIsThrownAtItsStep() throws {
    struct Broken: Error {}
    let ahead = TeachersAhead(try live(), steps: 100) { step in
      if step == 2 { throw Broken() }
      return Self.batch(step)
    }
    _ = try ahead.logits(Self.batch(0), step: 0)
    _ = try ahead.logits(Self.batch(1), step: 1)
    #expect(throws: Broken.self) { try ahead.logits(Self.batch(2), step: 2) }
  }
}
