import Foundation
import FunMatchDatasets
import Testing

/// Records of texts such as CSV, compared with Python's csv module (`Fixtures/lists.py`).
struct DelimitedTextTests {
  private struct Entry: Decodable {
    struct Record: Decodable, Equatable {
      let line: Int
      let fields: [String]
    }
    let text: String
    let delimiter: String
    /// `nil` where it is refused.
    let records: [Record]?
  }

  private func records(
    _ text: [UInt8], _ delimiter: DelimitedText.Delimiter
  ) throws -> [Entry.Record] {
    var reader = DelimitedText(text, name: "x.csv", delimiter: delimiter)
    var records: [Entry.Record] = []
    while try reader.next() {
      let fields = (0..<reader.count).map { String(decoding: reader[$0], as: UTF8.self) }
      records.append(Entry.Record(line: reader.line, fields: fields))
    }
    return records
  }

  @Test func recordsAreThoseOfPython() throws {
    let entries = try JSONDecoder().decode([Entry].self, from: Data(Fixture.bytes("lists.json")))
    #expect(entries.count > 300)
    for entry in entries {
      let delimiter = try #require(DelimitedText.Delimiter(rawValue: entry.delimiter))
      guard let expected = entry.records else {
        #expect(throws: DatasetError.self, "\(entry.text.debugDescription)") {
          try records(Array(entry.text.utf8), delimiter)
        }
        continue
      }
      let found = try records(Array(entry.text.utf8), delimiter).compactMap { record in
        // Python has an empty field where blanks end a line.
        let last = record.fields.lastIndex { $0 != "" || delimiter != .blanks } ?? -1
        let fields = Array(record.fields[...last])
        return [[], [""]].contains(fields) ? nil : Entry.Record(line: record.line, fields: fields)
      }
      #expect(found == expected, "\(entry.text.debugDescription)")
    }
  }

  @Test(arguments: [
    ("a,\"b\nc,d", "line 1", "is not closed"), ("a,b\n\nc,\"d\"e\n", "line 3", "closing quote"),
    ("a,b\nc\0,d", "line 2", "zero byte"),
  ])
  func damageIsNamedWithItsLine(text: String, line: String, words: String) {
    expectError(text, line, words)
  }

  @Test func whatIsNoListIsRefusedSoon() {
    expectError(
      "a,\"" + String(repeating: "b\n", count: 600_000), "line 1", "is a quote not closed?")
    expectError("a\n" + String(repeating: ",", count: 5000), "line 2", "4096 fields")
  }

  private func expectError(_ text: String, _ line: String, _ words: String) {
    let error = #expect(throws: DatasetError.self) { try records(Array(text.utf8), .comma) }
    #expect(error?.description.contains("x.csv: \(line): ") == true, "\(error as Any)")
    #expect(error?.description.contains(words) == true, "\(error as Any)")
  }

  @Test(arguments: [
    ("a.png,cat\nb.png,dog", DelimitedText.Delimiter.comma), ("a.png\tcat, black\nb\tdog", .tab),
    ("a.png;0,5\nb.png;0,1", .semicolon), ("a.png  1.0   mono\nb.png  0.3\tpoly", .blanks),
    ("my cat.png,1\nb.png,0", .comma), ("\"a;b\",1\n\"c\",2", .comma), ("a.png\nb.png", .comma),
    ("my cat.png\nb.png", .comma), ("a.png;x\nb.png", .semicolon), ("", .comma),
    ("\u{FEFF}a.png\t1", .tab),
  ])
  func delimitersAreFound(text: String, delimiter: DelimitedText.Delimiter) {
    #expect(DelimitedText.delimiter(of: Array(text.utf8)) == delimiter)
  }

  @Test func tabsAmongBlanksAreBlanks() throws {
    let text = Array("\t a \t b\t\n\t\n c  \"d e\"\t".utf8)
    #expect(
      try records(text, .blanks) == [
        Entry.Record(line: 1, fields: ["a", "b"]), Entry.Record(line: 3, fields: ["c", "d e"]),
      ])
  }
}
