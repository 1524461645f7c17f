import FunMatchFiles
import Testing

struct WorkersTests {
  @Test(arguments: [0, 1, 3, 1000]) func resultsAreInOrder(count: Int) throws {
    let results = Workers.map(count: count, threads: 8, state: { 0 }) { seen, index in
      seen += 1
      return (index, seen)
    }
    #expect(results.map(\.0) == Array(0..<count))
    // Each thread has a state of its own.
    #expect((results.map(\.1).max() ?? 0) <= (count + 7) / 8)
  }

  @Test func errorsArePassedOn() {
    let error = #expect(throws: FileError.self) {
      try Workers.map(count: 10) { index -> Int in
        if index == 7 { throw FileError("no 7") }
        return index
      }
    }
    #expect(error?.description == "no 7")
  }
}
