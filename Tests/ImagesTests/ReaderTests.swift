import Foundation
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Parts of images are decoded with exactly the pixels of the whole, and readers can be used again.
struct ReaderTests {
  /// Boxes of every sort: at the borders, single pixels, whole rows.
  private func boxes(_ height: Int, _ width: Int, count: Int) -> [Box] {
    var random = SystemlessRandom(seed: UInt64(height * 65_537 + width))
    var boxes = [
      Box(y: 0, x: 0, height: height, width: width),
      Box(y: height - 1, x: width - 1, height: 1, width: 1), Box(y: 0, x: 0, height: 1, width: 1),
      Box(y: height / 2, x: 0, height: 1, width: width),
      Box(y: 0, x: width / 2, height: height, width: 1),
    ]
    while boxes.count < count {
      let h = 1 + random.index(below: height)
      let w = 1 + random.index(below: width)
      boxes.append(
        Box(
          y: random.index(below: height - h + 1), x: random.index(below: width - w + 1), height: h,
          width: w))
    }
    return boxes
  }

  private func check(_ bytes: [UInt8], _ decoder: ImageDecoder, count: Int, _ name: String) throws {
    let whole = try decoder.decode(bytes)
    let reader = ImageReader(decoder)
    for box in boxes(whole.height, whole.width, count: count) {
      let part = try bytes.withUnsafeBytes { file in
        try reader.open(bytes: file)
        return try reader.part(box).copy()
      }
      // Not within the expectation, which would print all pixels.
      let isSame = part == whole.crop(box)
      #expect(isSame, "\(name) \(box)")
    }
  }

  @Test(arguments: Photo.all)
  func partsOfPhotosAreThoseOfTheWhole(_ photo: Photo) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: photo.path)))
    try check(bytes, ImageDecoder(), count: 40, photo.file)
    try check(bytes, ImageDecoder(inverseDCT: .accurate), count: 10, photo.file)
  }

  @Test(arguments: Fixture.names, ["jpg", "png"])
  func partsOfFixturesAreThoseOfTheWhole(_ name: String, _ suffix: String) throws {
    try check(try Fixture.bytes("\(name).\(suffix)"), ImageDecoder(), count: 60, name)
  }

  @Test func partsOfIncompleteFilesAreThoseOfTheWhole() throws {
    try check(try Fixture.bytes("incomplete.jpg"), ImageDecoder(), count: 200, "incomplete")
  }

  @Test(arguments: [(1, 1), (8, 8), (17, 33), (64, 48), (131, 97)], [true, false])
  func partsOfAnySizeAreThoseOfTheWhole(_ size: (Int, Int), _ halves: Bool) throws {
    let image = photograph(height: size.0, width: size.1, seed: 3)
    for quality in [35, 90, 100] {
      let file = try image.jpegData(quality: quality, halvesChroma: halves)
      try check(file, ImageDecoder(), count: 40, "\(size) \(quality)")
    }
    try check(try image.pngData(), ImageDecoder(), count: 20, "PNG \(size)")
  }

  @Test func encodingAndDecodingKeepsTheImage() throws {
    let image = photograph(height: 60, width: 90, seed: 1)
    let file = try image.jpegData(quality: 100, halvesChroma: false)
    let decoded = try ImageDecoder(inverseDCT: .accurate).decode(file)
    #expect(Difference(decoded.pixels, image.pixels).largest < 6)
  }

  @Test func aReaderGoesOnAfterBrokenImages() throws {
    let reader = ImageReader()
    let good = try photograph(height: 40, width: 50, seed: 2).jpegData()
    let expected = try ImageDecoder().decode(good)
    let others: [[UInt8]] = [
      [], [1, 2, 3], Array(good.prefix(good.count / 2)), Array(good.prefix(30)),
      try Fixture.bytes("progressive.jpg").dropLast(40).map { $0 }, try Fixture.bytes("cmyk.jpg"),
      Array(try Fixture.bytes("gray.png").dropLast(20)),
    ]
    for other in others {
      _ = try? other.withUnsafeBytes { bytes in
        try reader.open(bytes: bytes)
        _ = try reader.image()
      }
      let again = try good.withUnsafeBytes { bytes in
        try reader.open(bytes: bytes)
        return try reader.image()
      }
      #expect(again == expected)
    }
  }

  @Test func damageBelowTheBoxIsNotLookedFor() throws {
    let file = try photograph(height: 160, width: 120, seed: 5).jpegData()
    let whole = try ImageDecoder().decode(file)
    let cut = Array(file.prefix(file.count * 3 / 4))
    let reader = ImageReader()
    let top = Box(y: 3, x: 5, height: 20, width: 30)
    try cut.withUnsafeBytes { bytes in
      try reader.open(bytes: bytes)
      #expect(try reader.part(top).copy() == whole.crop(top))
      try reader.open(bytes: bytes)
      let error = #expect(throws: ImageError.self) {
        try reader.part(Box(y: 140, x: 0, height: 20, width: 120))
      }
      #expect(error?.kind == .damaged)
    }
  }

  @Test func boxesOutsideAreRefused() throws {
    let reader = ImageReader()
    let file = try photograph(height: 20, width: 30, seed: 5).jpegData()
    try file.withUnsafeBytes { bytes in
      try reader.open(bytes: bytes)
      for box in [
        Box(y: 0, x: 0, height: 21, width: 30), Box(y: -1, x: 0, height: 2, width: 2),
        Box(y: 0, x: 0, height: 0, width: 1), Box(y: 0, x: 30, height: 1, width: 1),
      ] {
        let error = #expect(throws: ImageError.self) { try reader.part(box) }
        #expect(error?.kind == .geometry)
      }
    }
  }

  @Test func partsOfFilesAreRead() throws {
    let folder = try TemporaryFolder()
    let file = try photograph(height: 20, width: 30, seed: 5).jpegData()
    let path = try folder.write("archive", [9, 9, 9] + file + [7, 7])
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let reader = ImageReader()
    try reader.open(descriptor: descriptor, offset: 3, count: file.count)
    #expect(try reader.image() == ImageDecoder().decode(file))
    let error = #expect(throws: ImageError.self) {
      try reader.open(descriptor: descriptor, offset: 3, count: file.count + 100)
    }
    #expect(error?.kind == .unreadable)
    #expect(throws: ImageError.self) { try reader.open(file: folder.path) }
    #expect(throws: ImageError.self) { try reader.open(file: folder.file("missing.jpg")) }
  }

  @Test func aFailingOpenLeavesNoImageOpen() throws {
    let folder = try TemporaryFolder()
    let reader = ImageReader()
    let path = try folder.write("a.jpg", photograph(height: 20, width: 30, seed: 5).jpegData())
    try reader.open(file: path)
    #expect(reader.height == 20 && reader.encoded != nil)
    for other in [folder.file("none.jpg"), folder.path] {
      #expect(throws: ImageError.self) { try reader.open(file: other) }
      #expect(reader.height == 0 && reader.encoded == nil && reader.format == nil)
    }
    mkfifo(folder.file("pipe.jpg"), 0o600)
    let error = #expect(throws: ImageError.self) { try reader.open(file: folder.file("pipe.jpg")) }
    #expect(error?.reason == "it is not a regular file")
  }

  /// Files may leave out tables that libjpeg remembers.
  @Test func anImageDoesNotDependOnThoseBefore() throws {
    let other = try photograph(height: 40, width: 50, seed: 2).jpegData(quality: 30)
    var file = try photograph(height: 40, width: 50, seed: 3).jpegData(quality: 95)
    // The quantisation tables: their marker is replaced by one for comments.
    for place in file.indices.dropLast() where file[place] == 0xff && file[place + 1] == 0xdb {
      file[place + 1] = 0xfe
    }
    let reader = ImageReader()
    for bytes in [other, file, other] {
      let result = try? bytes.withUnsafeBytes { bytes in
        try reader.open(bytes: bytes)
        return try reader.image()
      }
      #expect((result != nil) == (bytes == other))
    }
  }

  @Test func rawPixelsOfHugeImagesStay() throws {
    let reader = ImageReader()
    for _ in 0..<2 {
      reader.open(height: 7000, width: 7000) { $0.initialize(repeating: 77) }
      let part = try reader.part(Box(y: 6990, x: 6990, height: 10, width: 10)).copy()
      #expect(part.pixels.allSatisfy { $0 == 77 })
    }
  }

  @Test func elongatedImagesAreRefusedWhereTheyCannotBeResized() throws {
    let wide = PixelImage(
      height: 1, width: 1_000_000, pixels: [UInt8](repeating: 7, count: 3_000_000))
    for (resize, crop) in [(2200, 224), (256, 1), (256, 224)] {
      let error = #expect(throws: ImageError.self) {
        try EvaluationPreprocessing(resize: resize, crop: crop).apply(to: wide)
      }
      #expect(error?.kind == .geometry)
    }
    #expect(try EvaluationPreprocessing(resize: 8, crop: 8).apply(to: wide).pixels[0] == 7)
  }

  /// Two hundred compressed texts of 8 MB each in a file of two megabytes.
  @Test func textsInPNGFilesAreNotUnpacked() async throws {
    await #expect(processExitsWith: .success) {
      let picture = try photograph(height: 9, width: 9, seed: 1)
      let file = try picture.pngData()
      let zeros = PixelImage(
        height: 1600, width: 1600, pixels: [UInt8](repeating: 0, count: 7_680_000))
      // The deflated data of a black picture, as the text of a chunk.
      let black = try zeros.pngData()
      let start = try #require(chunk("IDAT", in: black))
      let deflated = Array(black[start.data])
      var text = Array("zTXt".utf8) + Array("a".utf8) + [0, 0] + deflated
      let length = text.count - 4
      text = number(length) + text + checksum(text)
      let header = try #require(chunk("IHDR", in: file))
      let bomb =
        file[..<(header.data.upperBound + 4)] + (0..<200).flatMap { _ in text }
        + file[(header.data.upperBound + 4)...]
      let before = try peakMemory()
      #expect(try ImageDecoder().decode(Array(bomb)) == picture)
      // Room for ten of the texts, not for two hundred.
      #expect(try peakMemory() - before < 10 * zeros.pixels.count)
    }
  }
}

/// Where a chunk of a PNG file and its data are.
private func chunk(_ name: String, in file: [UInt8]) -> (start: Int, data: Range<Int>)? {
  let letters = Array(name.utf8)
  guard let place = file.indices.dropLast(4).first(where: { Array(file[$0..<$0 + 4]) == letters })
  else { return nil }
  let length = file[place - 4..<place].reduce(0) { $0 << 8 | Int($1) }
  return (place - 4, place + 4..<place + 4 + length)
}

private func number(_ value: Int) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
}

/// A source of numbers that is the same every time.
struct SystemlessRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 2 &+ 1 }

  mutating func index(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
