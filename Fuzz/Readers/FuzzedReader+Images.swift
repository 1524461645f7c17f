import CZlib
import FunMatchImages

extension FuzzedReader {
  /// A tenth of a second's work for a decoder at most, whatever the header asks for.
  private static let limit = 16 << 20

  /// Whether a decoder that looks at the first bytes would take these for a file of this kind.
  func isBeginning(_ bytes: UnsafeRawBufferPointer) -> Bool {
    func has(_ beginning: [UInt8], at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: beginning)
    }
    switch self {
    case .jpeg: return has([0xff, 0xd8])
    case .png: return has([0x89, 0x50, 0x4e, 0x47])
    case .webp: return has(Array("RIFF".utf8))
    case .gif: return has(Array("GIF8".utf8))
    case .tiff: return has(Array("II".utf8)) || has(Array("MM".utf8))
    // Or without a file's header, with the size of the other alone.
    case .bmp: return has(Array("BM".utf8)) || has([0, 0, 0], at: 1)
    case .heif: return has(Array("ftyp".utf8), at: 4)
    default: return false
    }
  }

  /// Decodes an image whole and in part, in each way that a recipe can ask for.
  static func readImage(_ bytes: UnsafeRawBufferPointer) {
    let decoders = [
      ImageDecoder(byteLimit: limit),
      ImageDecoder(
        inverseDCT: .accurate, orientation: .honour, damage: .accept, reading: .pillow,
        byteLimit: limit),
    ]
    for decoder in decoders {
      let reader = ImageReader(decoder)
      do {
        try reader.open(bytes: bytes)
        let (height, width) = (reader.height, reader.width)
        _ = try reader.image()
        let part = Box(
          y: height / 3, x: width / 3, height: max(height / 2, 1), width: max(width / 2, 1))
        try reader.open(bytes: bytes)
        _ = try reader.part(part).copy()
      } catch {
        precondition(error is ImageError, "\(error)")
      }
    }
  }

  /// What a camera notes of an image, in a segment of a JPEG file.
  static func readOrientation(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count < 65_533, plain.count > 2 else { return false }
    let length = bytes.count + 2
    let file =
      plain[..<2] + [0xff, 0xe1, UInt8(length >> 8), UInt8(length & 0xff)] + bytes + plain[2...]
    Array(file).withUnsafeBytes(readImage)
    return true
  }

  /// A PNG file with the checksums of its chunks made right, without which libpng looks at little of a damaged one.
  static func mendedPNG(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var file = Array(bytes)
    var start = 8
    while start + 12 <= file.count {
      let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = start + 8 + length
      guard end + 4 <= file.count else { break }
      let sum = file[start + 4..<end].withUnsafeBytes {
        crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count))
      }
      for place in 0..<4 { file[end + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place)) }
      start = end + 4
    }
    return file
  }

  /// A sound JPEG file.
  static let plain: [UInt8] = {
    let image = PixelImage(
      height: 9, width: 14, pixels: (0..<9 * 14 * 3).map { UInt8($0 * 7 % 256) })
    return (try? image.jpegData()) ?? []
  }()
}
