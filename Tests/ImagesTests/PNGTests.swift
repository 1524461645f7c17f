import FunMatchImages
import Testing

struct PNGTests {
  @Test(arguments: [(1, 1), (7, 5), (3, 300), (64, 48)])
  func writtenImagesAreReadBack(_ size: (Int, Int)) throws {
    let image = noise(height: size.0, width: size.1)
    let file = try image.pngData()
    #expect(try ImageDecoder().decode(file) == image)
    #expect(try image.pngData() == file)
    let header = try ImageDecoder().header(file)
    #expect(header.format == .png && header.height == size.0 && header.width == size.1)
  }

  @Test func grayIsReplicated() throws {
    let png = PNGBuilder(height: 2, width: 2, color: .gray, lines: [[0, 7], [200, 255]])
    #expect(try pixels(png) == [0, 0, 0, 7, 7, 7, 200, 200, 200, 255, 255, 255])
  }

  @Test func fewBitsAreExpandedToTheWholeRange() throws {
    let one = PNGBuilder(height: 1, width: 3, color: .gray, depth: 1, lines: [[0b1010_0000]])
    #expect(try pixels(one) == [255, 255, 255, 0, 0, 0, 255, 255, 255])
    let two = PNGBuilder(height: 1, width: 4, color: .gray, depth: 2, lines: [[0b0001_1011]])
    #expect(try pixels(two) == [0, 85, 170, 255].flatMap { [$0, $0, $0] })
    let four = PNGBuilder(height: 1, width: 2, color: .gray, depth: 4, lines: [[0x1e]])
    #expect(try pixels(four) == [17, 17, 17, 238, 238, 238])
  }

  @Test func sixteenBitsLoseTheLowByte() throws {
    let rgb = PNGBuilder(
      height: 1, width: 1, color: .rgb, depth: 16, lines: [[1, 255, 2, 128, 3, 0]])
    #expect(try pixels(rgb) == [1, 2, 3])
    let gray = PNGBuilder(height: 1, width: 1, color: .gray, depth: 16, lines: [[9, 255]])
    #expect(try pixels(gray) == [9, 9, 9])
  }

  @Test func palettesAreExpanded() throws {
    let png = PNGBuilder(
      height: 1, width: 2, color: .palette, depth: 4,
      chunks: [("PLTE", [1, 2, 3, 40, 50, 60]), ("tRNS", [0, 128])], lines: [[0x10]])
    #expect(try pixels(png) == [40, 50, 60, 1, 2, 3])
  }

  @Test func alphaIsDroppedWithoutCompositing() throws {
    let rgba = PNGBuilder(
      height: 1, width: 2, color: .rgba, lines: [[10, 20, 30, 0, 40, 50, 60, 128]])
    #expect(try pixels(rgba) == [10, 20, 30, 40, 50, 60])
    let gray = PNGBuilder(height: 1, width: 2, color: .grayAlpha, lines: [[10, 0, 20, 255]])
    #expect(try pixels(gray) == [10, 10, 10, 20, 20, 20])
    let key = PNGBuilder(
      height: 1, width: 1, color: .rgb, chunks: [("tRNS", [0, 1, 0, 2, 0, 3])], lines: [[1, 2, 3]])
    #expect(try pixels(key) == [1, 2, 3])
  }

  @Test func interlacedImagesAreRead() throws {
    // The passes of a 3 x 3 image: (0, 0); none; none; (0, 2); (2, 0) and (2, 2); column 1 of the
    // even rows; row 1.
    let png = PNGBuilder(
      height: 3, width: 3, color: .gray, interlaced: true,
      lines: [[1], [3], [7, 9], [2], [8], [4, 5, 6]])
    #expect(try pixels(png) == (1...9).flatMap { [UInt8($0), UInt8($0), UInt8($0)] })
  }

  @Test func theHeaderMayNotLie() throws {
    var png = PNGBuilder(height: 2, width: 2, color: .gray, lines: [[0, 7], [200, 255]])
    png.claimed = (4, 4)
    refused(png, .damaged)
    png.claimed = (5000, 5000)
    refused(png, .damaged, "promises 5000 x 5000")
    png.claimed = (50000, 50000)
    refused(png, .tooLarge, "50000 x 50000")
    png.claimed = (2_000_000_000, 2_000_000_000)
    refused(png, .damaged)
    png.claimed = (0, 2)
    refused(png, .damaged)
  }

  @Test func theLimitIsTheCallers() throws {
    let file = try noise(height: 10, width: 10).pngData()
    #expect(throws: Never.self) { try ImageDecoder(byteLimit: 300).decode(file) }
    #expect(throws: ImageError.self) { try ImageDecoder(byteLimit: 299).decode(file) }
  }

  @Test func everyTruncationIsRefused() throws {
    let file = try noise(height: 6, width: 5).pngData()
    for count in 0..<file.count {
      #expect(throws: ImageError.self, "\(count) bytes") {
        try ImageDecoder().decode(file.prefix(count))
      }
    }
  }

  @Test func everyFlippedPixelBitIsNoticed() throws {
    let png = PNGBuilder(height: 2, width: 2, color: .gray, lines: [[0, 7], [200, 255]])
    let file = png.bytes()
    // From IHDR's data on, all but the end chunk's length are covered by checksums or checked.
    for i in 16..<file.count - 12 {
      var damaged = file
      damaged[i] ^= 4
      #expect(throws: ImageError.self, "byte \(i)") { try ImageDecoder().decode(damaged) }
    }
  }

  private func pixels(_ png: PNGBuilder) throws -> [UInt8] {
    try ImageDecoder().decode(png.bytes()).pixels
  }

  private func refused(_ png: PNGBuilder, _ kind: ImageError.Kind, _ words: String = "") {
    let error = #expect(throws: ImageError.self) {
      try ImageDecoder().decode(png.bytes(), name: "lie.png")
    }
    #expect(error?.kind == kind)
    #expect(error?.description.hasPrefix("lie.png: ") == true)
    #expect(words.isEmpty || error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }
}
