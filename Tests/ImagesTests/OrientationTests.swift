import FunMatchImages
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// EXIF orientation is ignored unless it is asked for.
struct OrientationTests {
  /// A JPEG with an EXIF block that names an orientation, little- or big-endian.
  private func photo(_ orientation: UInt8, bigEndian: Bool, isLong: Bool = false) throws -> [UInt8]
  {
    let file = try photograph(height: 48, width: 80, seed: 4).jpegData()
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return bigEndian ? bytes.reversed() : bytes
    }
    let start: [UInt8] = bigEndian ? [0x4d, 0x4d] : [0x49, 0x49]
    var tiff = start + number(42, 2) + number(8, 4) + number(2, 2)
    tiff += number(0x010f, 2) + number(2, 2) + number(1, 4) + [65, 0, 0, 0]
    tiff += number(0x0112, 2) + number(isLong ? 4 : 3, 2) + number(1, 4)
    tiff += isLong ? number(Int(orientation), 4) : number(Int(orientation), 2) + [0, 0]
    tiff += number(0, 4)
    let block: [UInt8] = Array("Exif".utf8) + [0, 0] + tiff
    let marker: [UInt8] = [0xff, 0xe1, 0, UInt8(block.count + 2)]
    return Array(file.prefix(2)) + marker + block + file.dropFirst(2)
  }

  @Test(arguments: [true, false])
  func someWritersStoreItAsLong(_ bigEndian: Bool) throws {
    let decoder = ImageDecoder(orientation: .honour)
    let long = try photo(6, bigEndian: bigEndian, isLong: true)
    #expect(try decoder.decode(long) == decoder.decode(photo(6, bigEndian: bigEndian)))
  }

  @Test func theBlockNeedNotBeTheFirst() throws {
    let decoder = ImageDecoder(orientation: .honour)
    let file = try photo(8, bigEndian: true)
    let words = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
    let bare =
      Array("Exif".utf8) + [0, 0] + Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]
    for block in [words, bare] {
      let marker: [UInt8] = [0xff, 0xe1, 0, UInt8(block.count + 2)]
      let later = Array(file.prefix(2)) + marker + block + file.dropFirst(2)
      #expect(try decoder.decode(later) == decoder.decode(file))
    }
  }

  /// Files and pixels of `Scripts/make_xmp_fixtures.py`.
  @Test func xmpTellsItWhereEXIFDoesNot() throws {
    let archive = try NpzFile(Fixture.path("xmp.npz"))
    let names = archive.names.filter { $0.hasPrefix("file/") }.map { String($0.dropFirst(5)) }
    #expect(names.count == 98)
    let decoder = ImageDecoder(inverseDCT: .accurate, orientation: .honour)
    for name in names {
      let bytes = try archive.read("file/" + name).array(as: UInt8.self)
      let tensor = try archive.read("upright/" + name)
      let upright = PixelImage(
        height: tensor.shape[0], width: tensor.shape[1], pixels: tensor.array(as: UInt8.self))
      #expect(try decoder.decode(bytes) == upright, "\(name)")
      if name.hasSuffix("tif") {
        #expect(try ImageDecoder(reading: .pillow).decode(bytes) == upright, "\(name)")
      }
      let stored = try ImageDecoder().header(bytes)
      #expect(stored.height == 7 && stored.width == 10, "\(name)")
    }
  }

  /// Of what a text becomes when it is expanded a megabyte is read at most.
  @Test func longTextsAreNotExpanded() throws {
    let archive = try NpzFile(Fixture.path("xmp.npz"))
    let file = try archive.read("file/text.png").array(as: UInt8.self)
    // A stored block of deflate says its length, so that a header alone promises more than a megabyte holds.
    var long: [UInt8] = [0x78, 0x01]
    let block = [UInt8](repeating: 0x20, count: 65_535)
    for _ in 0..<17 { long += [0, 0xff, 0xff, 0, 0] + block }
    long += [1, 0, 0, 0xff, 0xff]
    let text = Array("XML:com.adobe.xmp".utf8) + [0, 0] + long
    let size = (0..<4).map { UInt8(truncatingIfNeeded: text.count >> (24 - 8 * $0)) }
    let added = size + Array("zTXt".utf8) + text + [0, 0, 0, 0]
    let before = Array(file.dropLast(12)) + added + file.suffix(12)
    let decoder = ImageDecoder(orientation: .honour)
    #expect(try decoder.header(before).height == 7)
    #expect(try decoder.header(file).height == 10)
  }

  /// Where the pixel at (y, x) of the upright image is stored in 48 x 80 pixels, from EXIF's words on
  /// which edges of the scene the first stored row and column show.
  private func stored(_ orientation: Int, _ y: Int, _ x: Int) -> (y: Int, x: Int) {
    switch orientation {
    case 2: (y, 79 - x)  // row: top, column: right
    case 3: (47 - y, 79 - x)  // bottom, right
    case 4: (47 - y, x)  // bottom, left
    case 5: (x, y)  // left, top
    case 6: (47 - x, y)  // right, top
    case 7: (47 - x, 79 - y)  // right, bottom
    case 8: (x, 79 - y)  // left, bottom
    default: (y, x)
    }
  }

  @Test(arguments: 0...9, [true, false])
  func everyOrientation(_ orientation: Int, _ bigEndian: Bool) throws {
    let file = try photo(UInt8(orientation), bigEndian: bigEndian)
    let plain = try ImageDecoder().decode(file)
    #expect(plain.height == 48 && plain.width == 80)
    let decoder = ImageDecoder(orientation: .honour)
    let upright = try decoder.decode(file)
    let turns = (5...8).contains(orientation)
    #expect(upright.height == (turns ? 80 : 48) && upright.width == (turns ? 48 : 80))
    for y in 0..<upright.height {
      for x in 0..<upright.width {
        let from = stored(orientation, y, x)
        let a = (y * upright.width + x) * 3
        let b = (from.y * 80 + from.x) * 3
        guard upright.pixels[a..<a + 3].elementsEqual(plain.pixels[b..<b + 3]) else {
          Issue.record("orientation \(orientation) at \(y), \(x)")
          return
        }
      }
    }
    let reader = ImageReader(decoder)
    for box in [
      Box(y: 5, x: 3, height: 20, width: 31), Box(y: 0, x: 0, height: 1, width: upright.width),
      Box(y: upright.height - 2, x: upright.width - 3, height: 2, width: 3),
    ] {
      let part = try file.withUnsafeBytes { bytes in
        try reader.open(bytes: bytes)
        return try reader.part(box).copy()
      }
      #expect(part == upright.crop(box))
    }
  }
}
