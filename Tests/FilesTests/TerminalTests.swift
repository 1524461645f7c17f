import Foundation
import FunMatchFiles
import FunMatchTestSupport
import Testing

struct TerminalTests {
  private static let usual = ["TERM": "xterm-256color"]

  @Test(arguments: [
    ("step 3/4", 8), ("", 0), ("e\u{301}te\u{301}", 3), ("東京", 4), ("한국", 4), ("ｶﾅ", 2), ("カナ", 4),
    ("🐈", 2), ("🇨🇭", 2), ("naïve", 5), ("a\u{200B}b", 2), ("Ω≈ç", 3), ("（全）", 6), ("\u{1F600}x", 3),
  ])
  func charactersTakeTheirColumns(text: String, columns: Int) {
    #expect(text.columns == columns)
  }

  @Test func textsAreCutByColumns() {
    #expect("東京abc".prefix(columns: 3) == "東" && "東京abc".prefix(columns: 4) == "東京")
    #expect("abc東京".suffix(columns: 3) == "京" && "abc東京".suffix(columns: 5) == "c東京")
    #expect("abc".prefix(columns: 0) == "" && "abc".prefix(columns: .max) == "abc")
    #expect("東".padded(columns: 4) == "東  " && "long".padded(columns: 2) == "long")
  }

  @Test(arguments: [
    ("plain, ümlaut 東京 🐈", "plain, ümlaut 東京 🐈"), ("a\nb\r\n\tc", "a\\nb\\r\\n\\tc"),
    ("\u{1B}[2Jgone", "\\u{1B}[2Jgone"), ("\u{7F}\u{9B}0m", "\\u{7F}\\u{9B}0m"),
    ("gpj.\u{202E}exe", "gpj.\\u{202E}exe"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
    ("\0", "\\u{0}"), ("back\\slash", "back\\slash"),
  ])
  func controlCharactersAreShown(text: String, shown: String) {
    #expect(text.printable == shown)
  }

  @Test func theLeastImportantFieldsGiveWay() {
    var line = FieldLine()
    for (text, rank) in [("step 5/9", 0), ("epoch 1", 3), ("loss 0.1", 1), ("top-1 0.9", 3)] {
      line.append(text, rank: rank)
    }
    #expect(line.text(columns: .max) == "step 5/9  epoch 1  loss 0.1  top-1 0.9")
    #expect(line.text(columns: 38) == line.text(columns: .max))
    #expect(line.text(columns: 37) == "step 5/9  epoch 1  loss 0.1")
    #expect(line.text(columns: 26) == "step 5/9  loss 0.1")
    #expect(line.text(columns: 17) == "step 5/9" && line.text(columns: 4) == "step")
    line.append("東京\n", rank: 9)
    #expect(line.text(columns: .max).hasSuffix("  東京\\n"))
    #expect(line.text(columns: 45) == line.text(columns: 38))
  }

  @Test func aLiveLineNeverTakesTwoRows() throws {
    for columns in [80, 20, 7, 2, 1] {
      let window = try PseudoTerminal(columns: columns)
      let live = LiveText(Terminal(window.descriptor, environment: Self.usual))
      #expect(live.isLive && live.columns == max(1, columns - 1))
      for number in 0..<9 {
        live.show(["\(number) " + String(repeating: number % 2 == 0 ? "京" : "x", count: 100)])
      }
      live.leave()
      let rows = PseudoTerminal.rows(of: window.text(), columns: columns)
      // A wide character has no room in one column.
      let width = columns == 1 ? 1 : columns - 1
      #expect(rows.count == 2 && rows[0].hasPrefix("8") && rows[1].isEmpty, "\(rows)")
      #expect(rows[0].columns <= width)
    }
  }

  @Test func aLineFollowsItsWindow() throws {
    let window = try PseudoTerminal(columns: 60)
    let live = LiveText(Terminal(window.descriptor, environment: Self.usual))
    live.show([String(repeating: "a", count: 99)])
    window.resize(columns: 30)
    live.show([String(repeating: "b", count: 99)])
    live.clear()
    let text = window.text()
    #expect(text.count { $0 == "a" } == 59 && text.count { $0 == "b" } == 29)
  }

  @Test func aTableTakesThePlaceOfTheOneBefore() throws {
    let window = try PseudoTerminal(columns: 30)
    let terminal = Terminal(window.descriptor, environment: Self.usual)
    let live = LiveText(terminal)
    terminal.say("before")
    live.show(["3 students", "  a\tb", String(repeating: "c", count: 50)])
    live.show(["2 students", "  a"])
    live.clear()
    terminal.say("warning: \u{1B}")
    live.show(["1 student", "  d"])
    live.leave()
    let rows = PseudoTerminal.rows(of: window.text(), columns: 30)
    #expect(rows == ["before", "warning: \\u{1B}", "1 student", "  d", ""])
  }

  @Test(arguments: [
    [:], ["TERM": "dumb"], ["TERM": ""], ["TERM": "xterm", "NO_COLOR": "1"],
  ])
  func thereAreTerminalsWithoutEscapes(environment: [String: String]) throws {
    let window = try PseudoTerminal(columns: 20)
    let live = LiveText(Terminal(window.descriptor, environment: environment))
    #expect(!live.isLive)
    live.show(["one"])
    live.clear()
    live.show(["two"])
    live.leave()
    #expect(window.text() == "one\r\ntwo\r\n")
  }

  /// An empty `NO_COLOR` counts as none, as its page has it.
  @Test func escapesAreForTerminals() throws {
    let window = try PseudoTerminal(columns: 20)
    let environment = ["TERM": "xterm", "NO_COLOR": ""]
    #expect(Terminal(window.descriptor, environment: environment).isLive)
    _ = window.text()
    let folder = try TemporaryFolder()
    let file = open(folder.file("x"), O_WRONLY | O_CREAT, 0o600)
    let live = LiveText(Terminal(file, environment: environment))
    let long = String(repeating: "x", count: 300)
    live.show([long])
    live.clear()
    close(file)
    #expect(!live.isLive)
    #expect(try folder.bytes("x") == Array((long + "\n").utf8))
  }

  @Test func widthsAreToldWhereNobodyKnowsThem() throws {
    let folder = try TemporaryFolder()
    let file = open(folder.file("x"), O_WRONLY | O_CREAT, 0o600)
    defer { close(file) }
    func size(_ environment: [String: String]) -> [Int] {
      let size = Terminal(file, environment: environment).size
      return [size.rows, size.columns]
    }
    #expect(size([:]) == [24, 80])
    #expect(size(["COLUMNS": "132", "LINES": "50"]) == [50, 132])
    #expect(size(["COLUMNS": "0", "LINES": "many"]) == [24, 80])
    let window = try PseudoTerminal(columns: 41, rows: 7)
    let asked = Terminal(window.descriptor, environment: ["COLUMNS": "132"]).size
    #expect(asked.rows == 7 && asked.columns == 41)
    _ = window.text()
  }

  @Test func resultsThatCannotBeWrittenAreErrors() throws {
    let folder = try TemporaryFolder()
    let file = open(folder.file("x"), O_WRONLY | O_CREAT, 0o600)
    let stream = ResultStream(file)
    let long = String(repeating: "ü", count: 100_000)
    for text in ["a", long, "b"] { try stream.write(text) }
    try stream.flush()
    close(file)
    #expect(try folder.bytes("x") == Array(("a" + long + "b").utf8))
    #if os(Linux)
      let full = open("/dev/full", O_WRONLY)
      defer { close(full) }
      let refused = ResultStream(full)
      try refused.write("x")
      let error = #expect(throws: FileError.self) { try refused.flush() }
      #expect(error?.code == ENOSPC && "\(error.map { "\($0)" } ?? "")".contains("standard output"))
    #endif
  }

  @Test func timesAreTheSameEverywhere() throws {
    let zone = try #require(TimeZone(secondsFromGMT: 3600))
    let date = Date(timeIntervalSince1970: 1_764_767_103)  // 2025-12-03 13:05:03 UTC
    #expect(NumberText.time(date, in: zone) == "14:05")
    #expect(NumberText.time(date, withDay: true, in: zone) == "Dec 3 14:05")
    let night = Date(timeIntervalSince1970: 1_767_225_540)  // 2025-12-31 23:59 UTC
    #expect(NumberText.time(night, withDay: true, in: zone) == "Jan 1 00:59")
  }
}
