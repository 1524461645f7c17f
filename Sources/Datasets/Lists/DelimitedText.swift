/// Records of a text whose fields are separated by a delimiter, as RFC 4180 has them and Python's `csv` reads them with
/// `strict` and `skipinitialspace`.
///
/// A field that begins with `"` goes on to the next single `"`, over delimiters and ends of lines; `""` in it is one quote.
/// Lines end in LF, CR LF or CR. Blank lines are passed over; what comes before a field of spaces is no part of it. Runs of
/// blanks are one delimiter, and none at the ends of a line. Fields are bytes and need not be UTF-8.
package struct DelimitedText {
  /// What stands between fields.
  package enum Delimiter: String, CaseIterable, Sendable {
    case tab, semicolon, comma
    /// Spaces and tabs, any number of them.
    case blanks

    fileprivate var byte: UInt8? {
      switch self {
      case .tab: UInt8(ascii: "\t")
      case .semicolon: UInt8(ascii: ";")
      case .comma: UInt8(ascii: ",")
      case .blanks: nil
      }
    }
  }

  /// Longest record in bytes: a quote that nobody closed would go on to the end of the text.
  private static let longest = 1 << 20
  /// Most fields of a record.
  private static let most = 1 << 12

  private let bytes: [UInt8]
  private let name: String
  private let delimiter: Delimiter
  private var position: Int
  private var nextLine = 1
  private var isQuoted = false
  /// The fields of the record, one behind the other, and where each ends.
  private var text: [UInt8] = []
  private var ends: [Int] = []
  /// The line that the record begins in, from 1 on.
  package private(set) var line = 0

  /// - Parameters:
  ///   - bytes: the text; a byte order mark of UTF-8 is no part of it.
  ///   - name: what errors call it.
  package init(_ bytes: [UInt8], name: String, delimiter: Delimiter) {
    (self.bytes, self.name, self.delimiter) = (bytes, name, delimiter)
    position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// Number of fields of the record.
  package var count: Int { ends.count }

  /// A field of the record, without quotes.
  package subscript(index: Int) -> ArraySlice<UInt8> {
    text[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// Goes to the next record.
  ///
  /// - Returns: false at the end.
  /// - Throws: `DatasetError` naming the line where the text is not of this kind.
  package mutating func next() throws -> Bool {
    while position < bytes.count {
      text.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      line = nextLine
      isQuoted = false
      try readRecord()
      if count > 1 || !text.isEmpty || isQuoted { return true }
    }
    return false
  }

  private mutating func readRecord() throws {
    repeat {
      skipBlanks()
      if delimiter == .blanks, isAtLineEnd, count > 0 { break }
      guard count < Self.most else {
        throw error("has more than \(Self.most) fields; is it a list of images?")
      }
      try readField()
      ends.append(text.count)
    } while takeDelimiter()
    guard isAtLineEnd else {
      throw error(
        "something follows a closing quote; expected the delimiter (\(delimiter.rawValue)) or the end of the line"
      )
    }
    takeLineEnd()
  }

  private mutating func readField() throws {
    if position < bytes.count, bytes[position] == Self.quote { return try readQuoted() }
    while !isAtLineEnd, !isAtDelimiter {
      try append(bytes[position])
      position += 1
    }
  }

  private mutating func readQuoted() throws {
    isQuoted = true
    let start = nextLine
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      if byte == Self.quote {
        position += 1
        guard position < bytes.count, bytes[position] == Self.quote else { return }
      } else if byte == Self.lineFeed || byte == Self.carriageReturn && !isBeforeLineFeed {
        nextLine += 1
      }
      try append(byte)
      position += 1
    }
    throw error("a quote (\") that begins a field is not closed", at: start)
  }

  private mutating func append(_ byte: UInt8) throws {
    guard byte != 0 else { throw error("holds a zero byte; expected text in UTF-8") }
    guard text.count < Self.longest else {
      throw error("has more than \(Self.longest) bytes; is a quote not closed?")
    }
    text.append(byte)
  }

  private mutating func skipBlanks() {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
  }

  /// Whether a byte before a field is no part of it.
  private func isBlank(_ byte: UInt8) -> Bool {
    byte == Self.space || delimiter == .blanks && byte == Self.tab
  }

  private var isAtDelimiter: Bool {
    delimiter.byte.map { bytes[position] == $0 } ?? isBlank(bytes[position])
  }

  private mutating func takeDelimiter() -> Bool {
    guard position < bytes.count, isAtDelimiter else { return false }
    position += 1
    return true
  }

  private var isAtLineEnd: Bool {
    position == bytes.count || bytes[position] == Self.lineFeed
      || bytes[position] == Self.carriageReturn
  }

  private var isBeforeLineFeed: Bool {
    position + 1 < bytes.count && bytes[position + 1] == Self.lineFeed
  }

  private mutating func takeLineEnd() {
    guard position < bytes.count else { return }
    if bytes[position] == Self.carriageReturn, isBeforeLineFeed { position += 1 }
    position += 1
    nextLine += 1
  }

  private func error(_ words: String, at line: Int? = nil) -> DatasetError {
    DatasetError("\(name): line \(line ?? self.line): \(words)")
  }

  private static let quote = UInt8(ascii: "\"")
  private static let space = UInt8(ascii: " ")
  private static let tab = UInt8(ascii: "\t")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}

extension DelimitedText {
  /// The delimiter of a text: the first one that parts each of the first records into as many fields, two or more; else a
  /// tab, semicolon or comma of the first record; else a comma, of which there is none.
  package static func delimiter(of bytes: [UInt8]) -> Delimiter {
    func counts(_ delimiter: Delimiter) -> [Int] {
      var records = DelimitedText(bytes, name: "", delimiter: delimiter)
      var counts: [Int] = []
      while counts.count < looked {
        guard let hasMore = try? records.next() else { return Array(counts.prefix(1)) + [0] }
        guard hasMore else { break }
        counts.append(records.count)
      }
      return counts
    }
    let all = Delimiter.allCases.map { ($0, counts($0)) }
    let fitting = all.first { $0.1.first ?? 0 > 1 && Set($0.1).count == 1 }
    let likely = all.first { $0.0 != .blanks && $0.1.first ?? 0 > 1 }
    return (fitting ?? likely)?.0 ?? .comma
  }

  /// Records that tell the delimiter.
  private static let looked = 100
}
