import FunMatchRuns
import Testing

struct StepWatchTests {
  /// The places of the steps that it spoke up at.
  private func spoken(_ seconds: [Double]) -> [Int] {
    var watch = StepWatch()
    return seconds.indices.filter { watch.note(seconds[$0]) != nil }
  }

  private let usual = Array(repeating: 9.0, count: 5) + Array(repeating: 1, count: 60)

  @Test func tenSlowStepsInARowAreToldOnce() {
    #expect(spoken(usual + Array(repeating: 2.1, count: 50)) == [usual.count + 9])
    var watch = StepWatch()
    let told = (usual + Array(repeating: 3, count: 10)).compactMap { watch.note($0) }
    #expect(told.map(\.usual) == [1] && told.map(\.now) == [3])
  }

  /// A checkpoint, an evaluation or another program's moment.
  @Test func someSlowStepsAreNot() {
    let nine = Array(repeating: 5.0, count: 9) + [1]
    #expect(spoken(usual + nine + nine + nine).isEmpty)
    #expect(spoken(usual + Array(repeating: 1.9, count: 100)).isEmpty)
  }

  /// The first steps make memory ready; nothing is usual before there were some.
  @Test func whatIsUsualIsLearntFirst() {
    #expect(spoken(Array(repeating: 1, count: 5) + Array(repeating: 8.0, count: 100)).isEmpty)
    #expect(spoken([1, 1, 1] + Array(repeating: 3.0, count: 20)).isEmpty)
  }
}
