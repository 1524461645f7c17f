import FunMatchFiles
import FunMatchTorch

/// A zip archive of stored entries, taken apart and put together again with the checksums that its
/// contents then have, so that damage to them reaches whoever reads it.
struct StoredZip {
  var entries: [(name: [UInt8], content: [UInt8])] = []

  init() {}

  /// Takes apart an archive that is in order.
  init(_ bytes: [UInt8]) throws {
    func number(_ position: Int, _ count: Int) -> Int {
      bytes[position..<position + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard let end = (0...bytes.count - 22).last(where: { bytes[$0...].starts(with: Self.end) })
    else { throw FileError("no archive") }
    var position = number(end + 16, 4)
    for _ in 0..<number(end + 10, 2) {
      let name = number(position + 28, 2)
      let local = number(position + 42, 4)
      let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
      entries.append(
        (
          Array(bytes[position + 46..<position + 46 + name]),
          Array(bytes[start..<start + number(position + 20, 4)])
        ))
      position += 46 + name + number(position + 30, 2) + number(position + 32, 2)
    }
  }

  /// The archive's bytes.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in entries {
      let fields =
        Self.little(20, 2) + Self.little(0, 8) + Self.little(Self.checksum(content), 4)
        + Self.little(content.count, 4) + Self.little(content.count, 4)
        + Self.little(name.count, 2)
      directory += [0x50, 0x4b, 1, 2] + Self.little(20, 2) + fields + Self.little(0, 12)
      directory += Self.little(bytes.count, 4) + name
      bytes += [0x50, 0x4b, 3, 4] + fields + Self.little(0, 2) + name + content
    }
    let count = Self.little(entries.count, 2)
    return bytes + directory + Self.end + Self.little(0, 4) + count + count
      + Self.little(directory.count, 4) + Self.little(bytes.count, 4) + Self.little(0, 2)
  }

  private static let end: [UInt8] = [0x50, 0x4b, 5, 6]

  private static func little(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * min($0, 7))) }
  }

  // CRC-32 as in the zip format.
  private static func checksum(_ bytes: [UInt8]) -> Int {
    var remainder: UInt32 = .max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 {
        remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xedb8_8320 : remainder >> 1
      }
    }
    return Int(~remainder)
  }
}
