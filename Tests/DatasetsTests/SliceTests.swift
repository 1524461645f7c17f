import FunMatchDatasets
import Testing

struct SliceTests {
  /// Borders as TFDS computes them.
  @Test(arguments: [
    (":90%", 1020, 0..<918), ("90%:", 1020, 918..<1020), (":", 7, 0..<7), ("2:5", 7, 2..<5),
    ("-3:", 7, 4..<7), (":-3", 7, 0..<4), ("-10%:", 60_000, 54_000..<60_000), ("5:99", 7, 5..<7),
    ("25%:75%", 9, 2..<7), ("6:2", 7, 6..<6),
  ])
  func bordersAreThoseOfTFDS(text: String, count: Int, expected: Range<Int>) throws {
    #expect(try Slice(text).range(of: count) == expected)
  }

  @Test func complementsMeetWithoutOverlap() throws {
    for count in [1, 10, 999, 3680] {
      for percent in 0...100 {
        let first = try Slice(":\(percent)%").range(of: count)
        let second = try Slice("\(percent)%:").range(of: count)
        #expect(first.upperBound == second.lowerBound)
      }
    }
  }
}
