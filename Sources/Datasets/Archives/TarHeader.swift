/// The block of 512 bytes before a member of a tar archive.
struct TarHeader {
  static let size = 512

  let path: [UInt8]
  /// Bytes of contents.
  let count: Int
  let type: Character

  /// Reads a block; `nil` when it is the archive's end mark.
  ///
  /// - Throws: `DatasetError` when it is no header.
  init?(_ block: [UInt8], at position: Int, in archive: String) throws {
    if block.allSatisfy({ $0 == 0 }) { return nil }
    let sum = block.indices.reduce(0) { sum, index in
      // The sum is taken with spaces in its own place.
      sum + ((148..<156).contains(index) ? 0x20 : Int(block[index]))
    }
    guard Self.number(block[148..<156]) == sum else {
      throw DatasetError(
        "\(archive): the header at byte \(position) has a wrong checksum; it is no tar archive, or "
          + "damaged")
    }
    guard let count = Self.number(block[124..<136]) else {
      throw DatasetError("\(archive): the header at byte \(position) has a damaged size")
    }
    self.count = count
    type = Character(UnicodeScalar(block[156]))
    let name = block[..<100].prefix { $0 != 0 }
    let prefix = block[345..<500].prefix { $0 != 0 }
    // GNU's own format keeps times where ustar keeps the prefix.
    let isPOSIX = block[257..<263].elementsEqual("ustar\0".utf8)
    path = isPOSIX && !prefix.isEmpty ? prefix + [UInt8(ascii: "/")] + name : Array(name)
  }

  /// An octal number between spaces and zero bytes, or GNU's binary one for what is too large.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      guard first == 0x80 else { return nil }
      return field.dropFirst().reduce(0 as Int?) { value, byte in
        value.flatMap { $0 < 1 << 48 ? $0 << 8 | Int(byte) : nil }
      }
    }
    let isEdge = { (byte: UInt8) in byte == 0 || byte == 0x20 }
    let digits = field.drop(while: isEdge).prefix { !isEdge($0) }
    // A sign is none, and a negative size would be one.
    guard digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "7")).contains) else { return nil }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
