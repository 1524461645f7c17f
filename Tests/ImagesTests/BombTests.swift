import FunMatchImages
import FunMatchTestSupport
import Testing

/// Headers that lie are refused before memory is taken for pixels.
struct BombTests {
  private func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private func refused(
    _ bytes: [UInt8], _ kind: ImageError.Kind, _ words: String,
    line: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: ImageError.self, sourceLocation: line) {
      try ImageDecoder().decode(bytes)
    }
    #expect(error?.kind == kind, "\(error?.reason ?? "")", sourceLocation: line)
    #expect(
      words.isEmpty || error?.reason.contains(words) == true, "\(error?.reason ?? "")",
      sourceLocation: line)
  }

  private func bmp(height: Int, width: Int, bits: Int = 24, compression: Int = 0) -> [UInt8] {
    var file = Array("BM".utf8) + little(0, 8) + little(54, 4) + little(40, 4)
    file += little(width, 4) + little(height, 4) + little(1, 2) + little(bits, 2)
    return file + little(compression, 4) + little(0, 20) + [1, 2, 3, 0]
  }

  @Test func bmp() throws {
    #expect(try ImageDecoder().decode(bmp(height: -1, width: 1)).pixels == [3, 2, 1])
    refused(bmp(height: 0, width: 1), .damaged, "0 x 1")
    refused(bmp(height: 1, width: 0), .damaged, "1 x 0")
    refused(bmp(height: 1, width: -1), .damaged, "1 x")
    refused(bmp(height: 2, width: 1), .damaged, "promises 2 x 1")
    refused(bmp(height: 1 << 30, width: 1 << 30), .tooLarge, "1073741824 x 1073741824")
    refused(bmp(height: -1 << 31, width: 1), .damaged, "2147483648")
    refused(bmp(height: 1, width: 1, bits: 5), .damaged, "5 bits")
    refused(bmp(height: 1, width: 1, compression: 4), .damaged, "compression 4")
    refused(Array("BM".utf8), .damaged, "header")
  }

  private func gif(height: Int, width: Int, frame: [UInt8] = []) -> [UInt8] {
    Array("GIF89a".utf8) + little(width, 2) + little(height, 2) + [0, 0, 0] + frame + [0x3b]
  }

  @Test func gif() {
    func frame(_ height: Int, _ width: Int) -> [UInt8] {
      [0x2c] + little(0, 4) + little(width, 2) + little(height, 2) + [0, 2, 2, 0x44, 1, 0]
    }
    refused(gif(height: 1, width: 1), .damaged, "no picture")
    refused(gif(height: 1, width: 1, frame: frame(0, 0)), .damaged, "empty")
    refused(gif(height: 65_535, width: 65_535, frame: frame(1, 1)), .tooLarge, "65535 x 65535")
    refused(gif(height: 1, width: 1, frame: frame(10_000, 10_000)), .damaged, "promises 10000")
    refused(Array("GIF89a".utf8), .damaged, "")
  }

  private func tiff(_ height: Int, _ width: Int, compression: Int = 1, loops: Bool = false)
    -> [UInt8]
  {
    let entries: [(Int, Int)] = [
      (256, width), (257, height), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1),
      (278, height), (279, 2),
    ]
    var file = Array("II".utf8) + little(42, 2) + little(10, 4) + [7, 9] + little(entries.count, 2)
    for (tag, value) in entries {
      file += little(tag, 2) + little(4, 2) + little(1, 4) + little(value, 4)
    }
    return file + little(loops ? 10 : 0, 4)
  }

  @Test func tiff() throws {
    #expect(try ImageDecoder().decode(tiff(1, 2)).pixels == [7, 7, 7, 9, 9, 9])
    #expect(try ImageDecoder().decode(tiff(1, 2, loops: true)).pixels == [7, 7, 7, 9, 9, 9])
    refused(tiff(0, 2), .damaged, "")
    refused(tiff(100, 200), .damaged, "promises 100 x 200")
    refused(tiff(100, 200, compression: 5), .damaged, "")
    refused(tiff(1 << 30, 1 << 30), .tooLarge, "1073741824 x 1073741824")
    refused(tiff(1, 2, compression: 9999), .damaged, "")
    refused(Array("II*".utf8) + [0], .damaged, "")
  }

  @Test func webp() {
    func file(_ height: Int, _ width: Int, frames: Bool) -> [UInt8] {
      var body = Array("WEBPVP8X".utf8) + little(10, 4) + [frames ? 2 : 0, 0, 0, 0]
      body += little(width - 1, 3) + little(height - 1, 3)
      if frames { body += Array("ANIM".utf8) + little(6, 4) + little(0, 6) }
      return Array("RIFF".utf8) + little(body.count, 4) + body
    }
    refused(file(10, 10, frames: true), .damaged, "")
    refused(file(10, 10, frames: false), .damaged, "")
    refused(Array("RIFF".utf8) + little(4, 4) + Array("WEBP".utf8), .damaged, "whole WebP")
    refused(Array("RIFF".utf8) + little(4, 4) + Array("WAVE".utf8), .unknownFormat, "a RIFF file")
    // A lossless picture of 16383 x 16383 pixels of one colour takes some bytes.
    let header = 0x2f | (16_382 << 8) | (16_382 << 22)
    let stream = little(header, 5) + little(0, 15)
    let body = Array("WEBPVP8L".utf8) + little(stream.count, 4) + stream
    refused(Array("RIFF".utf8) + little(body.count, 4) + body, .tooLarge, "16383 x 16383")
  }
}
