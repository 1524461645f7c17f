import Foundation
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import Testing

/// What a plan makes of the costs of a step, against figures that were worked out by hand.
struct ScalePlanTests {
  private func planned(
    _ costs: StepCosts, recipe more: String = "", latency: Double = 0, price: Double? = nil,
    company: (Int, StepCosts)? = nil
  ) throws -> ScalePlan {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "r.yaml",
      Array(
        """
        data: {train: "flowers102:train"}
        teachers: [{weights: "t.npz", model: bit-r152x2, resolution: 128}]
        student: {model: bit-r50x1, resolution: 128}
        schedule: {steps: 1000}
        batchSize: 512
        \(more)
        """.utf8))
    let recipe = try RecipeFile(path: path, imageCount: { _ in 1020 }).recipe
    return try ScalePlan(
      recipe, imageCount: 1020, costs,
      ScalePlan.Machine(bandwidth: 1e9, latency: latency, cores: 2, company: company), price: price)
  }

  private let costs = StepCosts(
    teachers: .init(perImage: 0.010), student: .init(perImage: 0.004), input: 0.002,
    gradientBytes: 94_000_000, sharedLayers: 0, memory: .init(fixed: 1e9, perImage: 1e7))

  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 * max(1, abs(b)) }

  @Test func stepsAreSharedAndGradientsTravelBesideThem() throws {
    let plan = try planned(costs, price: 3.6)
    #expect(plan.rows.map(\.processes) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    let (one, two) = (plan.rows[0], plan.rows[1])
    #expect(isNear(one.secondsPerStep, 512 * 0.014) && isNear(one.seconds, 7168))
    #expect(one.bottleneck == .teachers && one.sentBytes == 0 && one.imagesAtOnce == 512)
    #expect(one.cost.map { isNear($0, 7.168) } == true)
    #expect(one.memoryBytes.map { isNear($0, 1e9 + 512e7) } == true)
    // 0.094 s of gradients fit into two thirds of the student's 1.024 s.
    #expect(isNear(two.secondsPerStep, 256 * 0.014) && isNear(two.efficiency, 1))
    #expect(isNear(two.sentBytes, 94e6))
    // Eight images each: 0.112 s, and of 2 · 63 / 64 · 94 MB at 1 GB/s all but 2 / 3 · 0.032 s comes on top.
    let many = plan.rows[6]
    let left: Double = 126 * 0.094 / 64 - 0.032 * 2 / 3
    #expect(isNear(many.secondsPerStep, 0.112 + left))
    #expect(many.bottleneck == .gradients && plan.largestUseful == 32)
    #expect(isNear(plan.bankedSeconds, 5120))
  }

  /// Between the costs alone and those of four at once, in the middle at two and a third; more have machines of their own.
  @Test func processesOfOneMachineTakeFromEachOther() throws {
    var costs = costs
    costs.gradientBytes = 0
    var together = costs
    together.teachers = .init(perImage: 0.013)
    together.student = .init(perImage: 0.010)
    let plan = try planned(costs, company: (4, together))
    let seconds = plan.rows.prefix(4).map(\.secondsPerStep)
    for (one, other) in zip(seconds, [512 * 0.014, 256 * 0.017, 128 * 0.023, 64 * 0.023]) {
      #expect(isNear(one, other))
    }
  }

  @Test func linesGoThroughWhatWasMeasured() {
    let line = StepCosts.Line([
      .init(images: 32, value: 20), .init(images: 2, value: 3), .init(images: 8, value: 8),
    ])
    #expect([2, 5, 8, 20, 32, 56].map { line($0) } == [3, 5.5, 8, 14, 20, 32])
    #expect(StepCosts.Line([.init(images: 4, value: 2)])(6) == 3)
    #expect(StepCosts.Line(fixed: 1, perImage: 2)(10) == 21)
    let falling = StepCosts.Line([.init(images: 2, value: 9), .init(images: 8, value: 3)])
    #expect([1, 8, 100].map { falling($0) } == [3, 3, 3])
  }

  @Test func imagesAreTheBottleneckWhereDrawingThemTakesLonger() throws {
    var costs = costs
    costs.input = 0.040
    let row = try planned(costs).rows[0]
    #expect(isNear(row.secondsPerStep, 512 * 0.040 / 2) && row.bottleneck == .images)
  }

  @Test func partsAndStatisticsCostWaits() throws {
    var costs = costs
    (costs.sharedLayers, costs.student) = (20, .init(fixed: 0.1, perImage: 0.004))
    let plan = try planned(costs, recipe: "microBatchSize: 128", latency: 1e-4)
    #expect(plan.rows.map(\.processes).last == 128)
    let two = plan.rows[1]
    // Four parts of 64 images each; the gradients fit into the last one; 20 layers wait twice a part, 2 turns each.
    let waits: Double = 20 * 2 * 4 * 2 * 1e-4
    #expect(isNear(two.secondsPerStep, 3.584 + 0.4 + waits))
  }

  @Test func teachersOfFixedViewsComputeOnce() throws {
    let plan = try planned(costs, recipe: "views: {policy: fix/rs}")
    #expect(isNear(plan.rows[0].secondsPerStep, 512 * 0.004))
    #expect(isNear(plan.rows[0].seconds, 2048 + 10.2))
    #expect(plan.bankedSeconds == 0)
  }

  @Test func aBankHasTeachersComputeOnce() throws {
    // 50 epochs of 1,020 images are 100 of 1,000 steps of 512, to the nearest.
    let plan = try planned(costs, recipe: "bank: {epochs: 50.2}")
    #expect(isNear(plan.rows[0].secondsPerStep, 2.56))
  }
}
