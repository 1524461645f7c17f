/// The bytes of a member of a tar archive in the format ustar, with a pax header where its name asks for one. Nothing in it
/// tells when and by whom it was written.
enum TarWriter {
  /// Two empty blocks end an archive.
  static let end = [UInt8](repeating: 0, count: 2 * TarHeader.size)

  /// What stands before a member's contents.
  static func header(_ name: String, count: Int) -> [UInt8] {
    guard name.utf8.count > 100 || !name.utf8.allSatisfy({ $0 < 0x80 }) else {
      return block(name, count: count, type: "0")
    }
    let record = paxRecord("path", name)
    return block("pax", count: record.count, type: "x") + record + padding(after: record.count)
      + block("long-name", count: count, type: "0")
  }

  /// What fills the last block of contents.
  static func padding(after count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (TarHeader.size - count % TarHeader.size) % TarHeader.size)
  }

  /// `LENGTH KEY=VALUE\n`, where the length counts the whole record, itself, too.
  private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
    let rest = " \(key)=\(value)\n"
    var length = rest.utf8.count
    while length != rest.utf8.count + String(length).utf8.count {
      length = rest.utf8.count + String(length).utf8.count
    }
    return Array((String(length) + rest).utf8)
  }

  private static func block(_ name: String, count: Int, type: Character) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: TarHeader.size)
    func put(_ text: String, at position: Int) {
      block.replaceSubrange(position..<position + text.utf8.count, with: text.utf8)
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    put(name, at: 0)
    put(octal(0o644, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(count, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("        ", at: 148)
    put(String(type), at: 156)
    put("ustar\u{0}00", at: 257)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\u{0}", at: 148)
    return block
  }
}
