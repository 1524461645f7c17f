import FunMatchOptimizers
import Testing

/// Which schedules have their first steps in common.
struct ScheduleTests {
  private func constant(_ steps: Int, cooldown: Int = 0, warmup: Int = 5) -> Schedule {
    Schedule(totalSteps: steps, warmupSteps: warmup, cooldownSteps: cooldown, decay: .constant)
  }

  @Test func aConstantOneMayBeLongerOrCoolDownLater() {
    let trunk = constant(100)
    #expect(trunk.agrees(with: constant(1_000), before: 100))
    #expect(trunk.agrees(with: constant(80), before: 80))
    #expect(!trunk.agrees(with: constant(80), before: 81))
    #expect(!constant(80).agrees(with: trunk, before: 81))
    // The first step of a cool-down has the whole rate.
    let cooled = constant(120, cooldown: 40)
    #expect(cooled(80) == 1 && cooled(81) == 39.0 / 40)
    #expect(trunk.agrees(with: cooled, before: 81))
    #expect(!trunk.agrees(with: cooled, before: 82))
    // Within a cool-down there is no other.
    #expect(!cooled.agrees(with: constant(121, cooldown: 40), before: 90))
    #expect(cooled.agrees(with: constant(121, cooldown: 41), before: 81))
    #expect(!trunk.agrees(with: constant(100, warmup: 6), before: 3))
    #expect(trunk.agrees(with: constant(100, warmup: 6), before: 1))
  }

  @Test func othersAreTheirLengths() {
    for decay in [Schedule.Decay.cosine, .linear] {
      let schedule = Schedule(totalSteps: 100, warmupSteps: 5, decay: decay)
      #expect(schedule.agrees(with: schedule, before: 100))
      #expect(!schedule.agrees(with: schedule, before: 101))
      let longer = Schedule(totalSteps: 101, warmupSteps: 5, decay: decay)
      #expect(schedule.agrees(with: longer, before: 6))
      #expect(!schedule.agrees(with: longer, before: 7))
    }
    func stair(_ steps: Int, at: [Int]) -> Schedule {
      Schedule(totalSteps: steps, warmupSteps: 0, decay: .step(at: at, factor: 0.1))
    }
    #expect(stair(100, at: [50]).agrees(with: stair(200, at: [50, 100]), before: 100))
    #expect(!stair(100, at: [50]).agrees(with: stair(200, at: [50, 90]), before: 100))
  }
}
