import Foundation
import FunMatchImages
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Mutated files never crash, hang or take much memory: they decode or are refused. `make soak` tries
/// ten thousand, `make test` a few hundred, all in a process of their own.
struct HostileImageTests {
  @Test func mutatedFilesAreDecodedOrRefused() async {
    await #expect(processExitsWith: .success) {
      var random = SystemlessRandom(seed: 2026)
      var files = try Fixture.names.flatMap {
        [try Fixture.bytes($0 + ".jpg"), try Fixture.bytes($0 + ".png")]
      }
      let archive = try NpzFile(Fixture.path("formats.npz"))
      files += try archive.names.filter { $0.hasPrefix("file/") && !$0.contains("picture.") }
        .map { try archive.read($0).array(as: UInt8.self) }
      files += try Photo.all.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0.path))) }
        .filter { $0.count < 200_000 }
      let large = photograph(height: 300, width: 400, seed: 1)
      files += [try large.jpegData(), try large.jpegData(halvesChroma: false), try large.pngData()]
      let before = try peakMemory()
      let decoders = [
        ImageDecoder(), ImageDecoder(orientation: .honour, damage: .accept),
        ImageDecoder(inverseDCT: .accurate, reading: .pillow),
      ]
      var reader = ImageReader()
      var decoded = 0
      for number in 0..<(Soak.isOn ? 10_000 : 400) {
        let file = mutate(files[random.index(below: files.count)], &random)
        // One after another, so that what is measured is the memory of one.
        if number.isMultiple(of: 100) { reader = ImageReader(decoders[number / 100 % 3]) }
        do {
          try file.withUnsafeBytes { bytes in
            try reader.open(bytes: bytes)
            let (h, w) = (reader.height, reader.width)
            let y = random.index(below: h)
            let x = random.index(below: w)
            let box =
              number % 4 == 0
              ? Box(y: 0, x: 0, height: h, width: w)
              : Box(
                y: y, x: x, height: 1 + random.index(below: h - y),
                width: 1 + random.index(below: w - x))
            let lent = try reader.part(box)
            // A reader that has seen much gives what a new one does. (Of huge images, two would be more
            // than the memory that one may take.)
            guard h * w < 4_000_000 else { return }
            let part = lent.copy()
            let fresh = ImageReader(reader.decoder)
            try fresh.open(bytes: bytes)
            let again = try fresh.part(box).copy()
            precondition(again == part, "it depends on the images before")
          }
          decoded += 1
        } catch is ImageError {
        }
      }
      precondition(decoded > 20, "only \(decoded) could be decoded: nothing was tried")
      // The limit is one for pixels and one for what decoding needs beside them.
      let grown = try peakMemory() - before
      let limit = 2 * reader.decoder.byteLimit + 64 << 20
      precondition(grown < limit, "memory grew by \(grown) bytes")
    }
  }
}

/// Flipped bits, overwritten bytes, cuts, repeats, and sizes in headers.
func mutate(_ file: [UInt8], _ random: inout SystemlessRandom) -> [UInt8] {
  var file = file
  switch random.index(below: 6) {
  case 0:
    for _ in 0...random.index(below: 4) {
      file[random.index(below: file.count)] ^= UInt8(1 << random.index(below: 8))
    }
  case 1:
    for _ in 0...random.index(below: 30) {
      file[random.index(below: file.count)] = UInt8(random.index(below: 256))
    }
  case 2: file.removeLast(random.index(below: file.count))
  case 3:
    let start = random.index(below: file.count)
    let end = min(start + 1 + random.index(below: 200), file.count)
    file.insert(contentsOf: Array(file[start..<end]), at: random.index(below: file.count))
  case 4:
    let start = random.index(below: file.count)
    file.removeSubrange(start..<min(start + 1 + random.index(below: 200), file.count))
  default:
    // A JPEG's frame header, or the first chunk of a PNG.
    let size = (0..<4).map { _ in UInt8(random.index(below: 256)) }
    let frame = file.indices.dropLast(10).first {
      file[$0] == 0xff && [0xc0, 0xc1, 0xc2].contains(file[$0 + 1])
    }
    if file[0] == 0xff, let frame {
      file.replaceSubrange(frame + 5..<frame + 9, with: size)
    } else if file.count > 24 {
      let at = random.index(below: 2) == 0 ? 16 : 20
      file.replaceSubrange(at..<at + 4, with: [0, size[1] & 1, size[2], size[3]])
      // With a right checksum, or libpng would look no further.
      file.replaceSubrange(29..<33, with: checksum(Array(file[12..<29])))
    }
  }
  return file
}

/// CRC-32 of a PNG chunk, big-endian.
func checksum(_ bytes: [UInt8]) -> [UInt8] {
  var sum: UInt32 = .max
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
  }
  sum = ~sum
  return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
}
