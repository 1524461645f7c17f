import FunMatchFiles

/// Walks over the text of a header, byte by byte.
///
/// Shared by the two formats whose headers are small literals, a Python dict and a JSON object.
/// Neither needs a general parser: what may nest is fixed, so hostile nesting is a plain error and
/// nothing is ever evaluated.
struct ByteScanner {
  /// What the text belongs to, for errors: `'weights.npy'`.
  let owner: String
  /// What the text is, for errors: `npy header`.
  let kind: String
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8], owner: String, kind: String) {
    self.bytes = bytes
    self.owner = owner
    self.kind = kind
  }

  /// The byte under the cursor, nil at the end.
  var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// An error that says what was expected here and what was found.
  func expected(_ what: String) -> FileError {
    let found =
      current.map { byte in
        byte > 0x20 && byte < 0x7f
          ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
      } ?? "its end"
    return FileError("\(owner): \(kind), at byte \(position): expected \(what), found \(found)")
  }

  mutating func skipWhitespace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
      position += 1
    }
  }

  /// Steps over `character` and blanks before it, if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard let byte = current, UnicodeScalar(byte) == character else { return false }
    position += 1
    return true
  }

  mutating func require(_ character: Unicode.Scalar) throws {
    guard take(character) else { throw expected("'\(character)'") }
  }

  /// Steps over a word, if it comes next, blanks not skipped.
  mutating func take(word: StaticString) -> Bool {
    let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
    if matches { position += word.utf8CodeUnitCount }
    return matches
  }

  mutating func requireEnd() throws {
    skipWhitespace()
    guard position == bytes.count else { throw expected("nothing more") }
  }

  /// The next byte, stepped over.
  mutating func next(_ what: String) throws -> UInt8 {
    guard let byte = current else { throw expected(what) }
    position += 1
    return byte
  }

  /// A decimal number of 0 or more that fits an Int.
  mutating func size() throws -> Int {
    skipWhitespace()
    let start = position
    var value = 0
    while let byte = current, byte >= 0x30, byte <= 0x39 {
      let (tens, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = tens.addingReportingOverflow(Int(byte - 0x30))
      guard !first, !second else { throw expected("a size below 2^63") }
      value = sum
      position += 1
    }
    guard position > start, position == start + 1 || bytes[start] != 0x30 else {
      throw expected("a size of 0 or more")
    }
    return value
  }
}
