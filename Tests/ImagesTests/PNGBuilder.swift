/// Writes PNG files of any kind, sound or not, byte by byte: uncompressed, without filters.
struct PNGBuilder {
  enum Color: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6
  }

  var height: Int
  var width: Int
  var color: Color
  var depth = 8
  var interlaced = false
  /// Chunks between the header and the pixels, such as PLTE and tRNS.
  var chunks: [(String, [UInt8])] = []
  /// The scan lines, filter bytes excluded.
  var lines: [[UInt8]]

  /// The size that the header claims, where it differs from the truth.
  var claimed: (height: Int, width: Int)?

  func bytes() -> [UInt8] {
    let size = claimed ?? (height, width)
    let header =
      bigEndian(size.width) + bigEndian(size.height)
      + [UInt8(depth), color.rawValue, 0, 0, interlaced ? 1 : 0]
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header)
    for (name, data) in chunks { file += chunk(name, data) }
    return file + chunk("IDAT", zlib(lines.flatMap { [0] + $0 })) + chunk("IEND", [])
  }

  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(data.count) + body + bigEndian(Int(crc32(body)))
  }

  private func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  /// One stored block.
  private func zlib(_ data: [UInt8]) -> [UInt8] {
    let length = [UInt8(data.count & 255), UInt8(data.count >> 8)]
    var a = 1
    var b = 0
    for byte in data {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return [0x78, 0x01, 0x01] + length + length.map { ~$0 } + data + bigEndian(b << 16 | a)
  }

  private func crc32(_ data: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~crc
  }
}
