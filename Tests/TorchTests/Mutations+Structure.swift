import FunMatchTestSupport

/// Damage that knows where a format keeps its numbers, which random damage seldom finds.
extension Mutations {
  /// A file cut off, or with a piece of itself or of another put in.
  mutating func recut(_ original: [UInt8], with other: [UInt8]) -> [UInt8] {
    let position = random(below: original.count + 1)
    if random(below: 3) == 0 { return Array(original.prefix(position)) }
    let start = random(below: other.count)
    let piece = other[start..<min(other.count, start + 1 + random(below: 64))]
    let replaced = random(below: 2) == 0 ? 0 : piece.count
    return Array(original.prefix(position) + piece + original.dropFirst(position + replaced))
  }

  /// Pickles with one to three operands or instructions changed; what follows them stays.
  mutating func repickled(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    let parts = Self.pickle(original)
    for _ in 0...random(below: 3) {
      if random(below: 4) == 0, !parts.instructions.isEmpty {
        let position = parts.instructions[random(below: parts.instructions.count)]
        let other = parts.instructions[random(below: parts.instructions.count)]
        bytes[position] = random(below: 2) == 0 ? original[other] : UInt8(random(below: 256))
      } else if !parts.numbers.isEmpty {
        renumber(&bytes, parts.numbers[random(below: parts.numbers.count)])
      }
    }
    return bytes
  }

  /// A zip archive with one to three fields of its headers changed.
  mutating func reheaded(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    let headers = (0..<max(0, bytes.count - 45)).filter { position in
      [[3, 4], [1, 2], [5, 6]].contains { bytes[position...].starts(with: [0x50, 0x4b] + $0) }
    }
    for _ in 0...random(below: 3) where !headers.isEmpty {
      let field = headers[random(below: headers.count)] + 4 + 2 * random(below: 20)
      let size = 2 * (1 + random(below: 2))
      if field + size <= bytes.count { renumber(&bytes, field..<field + size) }
    }
    return bytes
  }

  /// A zip archive of stored entries, one of them damaged, left out, repeated or renamed, and sizes
  /// and checksums right again.
  mutating func rezipped(_ original: StoredZip) -> [UInt8] {
    var zip = original
    let index = random(below: zip.entries.count)
    switch random(below: 8) {
    case 0: zip.entries.remove(at: index)
    case 1: zip.entries.append(zip.entries[index])
    case 2: zip.entries[index].name = damaged(zip.entries[index].name)
    case 3: zip.entries[index].content = damaged(zip.entries[index].content)
    default:
      for position in zip.entries.indices {
        let name = String(decoding: zip.entries[position].name, as: UTF8.self)
        if name.hasSuffix(".pkl") {
          zip.entries[position].content = repickled(zip.entries[position].content)
        } else if name.hasSuffix(".npy") && position == index {
          zip.entries[position].content = redigited(zip.entries[position].content)
        }
      }
    }
    return zip.bytes
  }

  /// A text header with one to three of its digits changed or made more.
  mutating func redigited(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random(below: 3) {
      let digits = bytes.indices.prefix(1000).filter { (0x30...0x39).contains(bytes[$0]) }
      guard !digits.isEmpty else { break }
      let position = digits[random(below: digits.count)]
      let text = ["0", "9", "-1", "99999999", "9223372036854775807", "4611686018427387904"]
      bytes.replaceSubrange(position...position, with: Array(text[random(below: text.count)].utf8))
    }
    return bytes
  }

  /// Overwrites a little-endian number with one that is near it, round or at a limit.
  private mutating func renumber(_ bytes: inout [UInt8], _ range: Range<Int>) {
    let old = bytes[range].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let numbers: [UInt64] = [
      0, 1, old &+ 1, old &- 1, old &* 2, .max, .max >> 1, 1 << 31, UInt64(random(below: 1 << 30)),
      1 << UInt64(random(below: 64)),
    ]
    let new = numbers[random(below: numbers.count)]
    for (shift, position) in range.enumerated() {
      bytes[position] = UInt8(truncatingIfNeeded: new >> (8 * UInt64(min(shift, 7))))
    }
  }

  /// Where a row of pickles has its instructions and their operands.
  private static func pickle(
    _ bytes: [UInt8]
  ) -> (instructions: [Int], numbers: [Range<Int>]) {
    let sizes: [UInt8: Int] = [
      0x80: 1, 0x95: 8, 0x4a: 4, 0x4b: 1, 0x4d: 2, 0x47: 8, 0x71: 1, 0x72: 4, 0x68: 1, 0x6a: 4,
      0x8a: 1, 0x58: 4, 0x8c: 1, 0x42: 4, 0x43: 1,
    ]
    let counted: Set<UInt8> = [0x8a, 0x58, 0x8c, 0x42, 0x43]
    var instructions: [Int] = []
    var numbers: [Range<Int>] = []
    var position = 0
    while position < bytes.count {
      let opcode = bytes[position]
      let operand = position + 1..<min(bytes.count, position + 1 + sizes[opcode, default: 0])
      instructions.append(position)
      if !operand.isEmpty { numbers.append(operand) }
      position = operand.upperBound
      if counted.contains(opcode) {
        let count = bytes[operand].reversed().reduce(0) { $0 << 8 | Int($1) }
        if opcode == 0x8a { numbers.append(position..<min(bytes.count, position + count)) }
        position += count
      } else if opcode == 0x63 {
        for _ in 0..<2 {
          position = (bytes[position...].firstIndex(of: 0x0a) ?? bytes.count - 1) + 1
        }
      } else if opcode == 0x2e && (position == bytes.count || bytes[position] != 0x80) {
        break
      }
    }
    return (instructions, numbers)
  }
}
