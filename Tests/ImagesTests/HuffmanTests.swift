import CCodecs
import Foundation
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Our Huffman decoder gives what libjpeg's gives: pixels, refusals and their reasons.
struct HuffmanTests {
  private struct Outcome: Equatable {
    var status: Int32
    var message: String
    var pixels: [UInt8]
  }

  /// Decodes a box (all of the image without one) of a file.
  private func decode(
    _ file: [UInt8], flags: Int, _ codec: OpaquePointer, _ box: (Int32, Int32) -> Box
  ) -> Outcome {
    var outcome = Outcome(status: 0, message: "", pixels: [])
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CC_MESSAGE_SIZE)) { message in
      message.initialize(repeating: 0)
      file.withUnsafeBufferPointer { bytes in
        var header = cc_header()
        outcome.status = cc_open(
          codec, bytes.baseAddress, bytes.count, Int32(flags), 50_000_000, message.baseAddress,
          &header)
        if outcome.status == 0 {
          let box = box(header.height, header.width)
          var layout = cc_layout()
          var pixels = [UInt8](repeating: 0, count: box.height * (box.width + Int(CC_MARGIN)) * 3)
          outcome.status = cc_decode(
            codec, Int32(box.y), Int32(box.x), Int32(box.height), Int32(box.width), pixels.count,
            message.baseAddress, &pixels, &layout)
          if outcome.status == 0 {
            for y in 0..<box.height {
              let start = layout.start + y * layout.stride
              outcome.pixels += pixels[start..<start + 3 * box.width]
            }
          }
        }
      }
      if outcome.status != 0, let start = message.baseAddress {
        outcome.message = String(cString: start)
      }
    }
    return outcome
  }

  private func files() throws -> [[UInt8]] {
    var files = try (Fixture.names + ["incomplete"]).map { try Fixture.bytes($0 + ".jpg") }
    for (number, size) in [(1, 1), (8, 8), (17, 33), (131, 97), (300, 400)].enumerated() {
      let image = photograph(height: size.0, width: size.1, seed: number)
      for quality in [5, 50, 90, 100] {
        files += [try image.jpegData(quality: quality, halvesChroma: quality != 50)]
      }
    }
    files += [try noise(height: 60, width: 90).jpegData(quality: 100)]
    files += try Photo.all.filter(\.isJPEG)
      .map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0.path))) }
      .filter { $0.count < 200_000 }
    return files
  }

  @Test func soundAndDamagedFilesAreDecodedAlike() throws {
    let (ours, libjpegs) = (try #require(cc_create()), try #require(cc_create()))
    defer {
      cc_destroy(ours)
      cc_destroy(libjpegs)
    }
    var random = SystemlessRandom(seed: 77)
    var decoded = 0
    var refused = 0
    func compare(_ file: [UInt8], _ name: String) {
      let flags = random.index(below: 4)
      let draws = (0..<4).map { _ in random.index(below: 1 << 20) }
      let box = { (height: Int32, width: Int32) in
        let y = draws[0] % Int(height)
        let x = draws[1] % Int(width)
        return draws[0] % 3 == 0
          ? Box(y: 0, x: 0, height: Int(height), width: Int(width))
          : Box(
            y: y, x: x, height: 1 + draws[2] % (Int(height) - y),
            width: 1 + draws[3] % (Int(width) - x))
      }
      let one = decode(file, flags: flags, ours, box)
      let other = decode(file, flags: flags | Int(CC_LIBJPEG_ONLY), libjpegs, box)
      let isSame = one == other
      #expect(isSame, "\(name), flags \(flags): \(one.status) \(one.message), \(other.message)")
      if one.status == 0 { decoded += 1 } else { refused += 1 }
    }
    let files = try files()
    for (number, file) in files.enumerated() {
      for _ in 0..<10 { compare(file, "file \(number)") }
    }
    #expect(refused == 0)
    for number in 0..<(Soak.isOn ? 20_000 : 1_000) {
      compare(mutate(files[random.index(below: files.count)], &random), "mutation \(number)")
    }
    #expect(decoded > 500 && refused > 100)
  }
}
