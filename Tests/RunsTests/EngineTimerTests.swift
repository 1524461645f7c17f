import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What `precision: auto` measures before the first step.
struct EngineTimerTests {
  private static let ways = [
    Computation(engine: .openvino, precision: .f32),
    // bf16 is not timed where no hardware has it.
    Computation(engine: .openvino, precision: .f16),
    Computation(engine: .libtorch, precision: .f32),
  ]

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func timer(limit: Duration = .seconds(40), count: Int = 8) -> EngineTimer {
    EngineTimer(
      device: .cpu, resolution: 8, count: count, limit: limit, cacheFolder: folder.file("cache"))
  }

  /// The fastest of some, and what was built for it.
  private func choose(
    _ timer: EngineTimer, _ seconds: [Double?] = [0.05, 0.002, 0.1]
  ) throws -> (chosen: Int?, built: [Int]) {
    var built: [Int] = []
    let choice = try timer.teacher(Self.ways, named: "sleeper") { way, _ in
      let place = try #require(Self.ways.firstIndex(of: way))
      built.append(place)
      guard let seconds = seconds[place] else { throw TorchError("\(way) is not possible") }
      return Sleeper(seconds: seconds)
    }
    return (Self.ways.firstIndex(of: choice.way), built)
  }

  @Test func theFastestIsTakenAndMeasuredOnce() throws {
    let first = try choose(timer())
    #expect(first.chosen == 1 && first.built == [0, 1, 2])
    let again = try choose(timer())
    #expect(again.chosen == 1 && again.built.isEmpty)
    // Other batches are measured for themselves.
    #expect(try choose(timer(count: 4)).built.count == 3)
  }

  /// The usual way is always measured; another one is not begun when the time is over, and is measured another time.
  @Test func noOtherWayIsBegunWhenTheTimeIsOver() throws {
    let first = try choose(timer(limit: .zero))
    #expect(first.chosen == 0 && first.built == [0])
    let later = try choose(timer())
    #expect(later.chosen == 1 && later.built == [1, 2])
  }

  @Test func whatCannotComputeIsNoWay() throws {
    #expect(try choose(timer(), [0.02, nil, nil]).chosen == 0)
    try FileManager.default.removeItem(atPath: folder.file("cache"))
    #expect(try choose(timer(), [nil, nil, 0.02]).chosen == 2)
    try FileManager.default.removeItem(atPath: folder.file("cache"))
    let error = #expect(throws: TorchError.self) { try choose(timer(), [nil, nil, nil]) }
    #expect(error?.description.contains("libtorch f32 is not possible") == true)
  }

  /// f16 ends at 65,504: a teacher whose logits are beyond is not computed in it.
  @Test func whatIsNotFiniteInHalfIsNoWay() throws {
    let ways = [Precision.f32, .f16].map { Computation(engine: .libtorch, precision: $0) }
    func remark(_ name: String, _ value: Double) throws -> String {
      try timer().teacher(ways, named: name) { _, _ in Sleeper(seconds: 0.002, says: value) }.words
    }
    #expect(try !remark("finite", 1).contains("finite"))
    #expect(
      try remark("infinite", .infinity).contains("not libtorch f16: its logits are not finite"))
  }

  /// A tenth is as often chance.
  @Test func theUsualWayStaysWhereOthersAreHardlyFaster() throws {
    #expect(try choose(timer(), [0.1, 0.098, nil]).chosen == 0)
  }

  @Test(
    arguments: [
      (28, 512, 256), (32, 64, 64), (160, 64, 62), (224, 64, 32), (384, 64, 10), (448, 64, 8),
      (2000, 64, 4), (448, 5, 5),
    ])
  func largeViewsAreFewer(resolution: Int, atOnce: Int, expected: Int) {
    let timer = EngineTimer(device: .cpu, resolution: resolution, count: atOnce, limit: .zero)
    #expect(timer.count == expected)
  }

  @Test func teachersShareTheTime() {
    #expect(EngineTimer.limit(teachers: 4) == .seconds(10))
    #expect(EngineTimer.limit(teachers: 0) == EngineTimer.limit(teachers: 1))
  }
}
