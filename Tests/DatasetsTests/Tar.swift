/// Makes tar archives of the oldest format, whose header every reader knows.
enum Tar {
  static func member(_ name: String, _ contents: [UInt8], type: Character = "0") -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at position: Int) {
      header.replaceSubrange(position..<position + text.utf8.count, with: Array(text.utf8))
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put("0000644", at: 100)
    put(octal(contents.count, 11), at: 124)
    put(String(type), at: 156)
    put("        ", at: 148)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
    return header + contents + [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
  }

  static func archive(_ members: [(String, [UInt8])]) -> [UInt8] {
    members.flatMap { member($0, $1) } + [UInt8](repeating: 0, count: 1024)
  }
}
