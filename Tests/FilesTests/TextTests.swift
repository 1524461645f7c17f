import FunMatchFiles
import FunMatchTestSupport
import Testing

struct TextTests {
  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
  ])
  func thousandsHaveCommas(number: Int, text: String) {
    #expect(NumberText.grouped(number) == text)
  }

  @Test func numbersAreAsShortAsTheyCanBe() {
    #expect(NumberText.short(1) == "1" && NumberText.short(0.003) == "0.003")
    #expect(NumberText.short("1e+0") == "1" && NumberText.short("3e-3") == "0.003")
    #expect(NumberText.short("fix/rs") == "fix/rs" && NumberText.short(-0.0) == "-0.0")
    #expect(NumberText.scaled(60_000) == "60.0\u{A0}k" && NumberText.scaled(12) == "12")
    #expect(NumberText.duration(59) == "59 s" && NumberText.duration(3700) == "1 h 1 min")
  }

  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = TextTable(["", "top-1"])
    table.append(["teacher", "0.9"])
    #expect(table.text(left: 1) == "         top-1\nteacher    0.9")
  }

  @Test(arguments: [
    (#"{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}"#, nil),
    (#"{"a": "a", "b": "a", "\"": ":", "\\": 1}"#, nil), ("[]", nil), ("{}", nil), ("1", nil),
    (#"{"a": 1, "b": 2, "a" : 3}"#, "a"), (#"[{"x": [{"b": 1, "b": 1}]}]"#, "b"),
    (#"{"\"": 1, "\"": 2}"#, #"\""#),
  ])
  func keysThatAreThereTwiceAreFound(text: String, key: String?) {
    #expect(JSONText.repeatedKey(Array(text.utf8)) == key)
  }

  @Test func aLockKeepsOthersOut() throws {
    let folder = try TemporaryFolder()
    do {
      let lock = try FileLock.takeFolder(folder.path)
      #expect(throws: FileError.self) { try FileLock.takeFolder(folder.path) }
      #expect(lock.isThere)
    }
    _ = try FileLock.takeFolder(folder.path)
    let file = try #require(try FileLock.take(folder.file("a")))
    try file.write([1, 2, 3], at: 2)
    #expect(try folder.bytes("a") == [0, 0, 1, 2, 3])
    try file.truncate(to: 3)
    #expect(try folder.bytes("a") == [0, 0, 1])
  }
}
