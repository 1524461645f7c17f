import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

struct CachedDatasetTests {
  private func jpeg() throws -> [UInt8] {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("ImagesTests/Fixtures/baseline.jpg")
    return [UInt8](try Data(contentsOf: fixtures))
  }

  @Test(arguments: CachedDataset.Mode.allCases)
  func imagesAreTheSameAndStayWhenTheirFilesGo(mode: CachedDataset.Mode) throws {
    let layout = try Layout()
    try layout.write("f/a/0.jpg", jpeg())
    for number in 1..<20 {
      try layout.write(
        "f/\(number % 2)/\(number).png",
        picture(UInt8(number), height: number, width: 1 + number % 3))
    }
    let base = try layout.open("folder:f")
    let images = try (0..<base.count).map { try base.image(at: $0) }
    var size = -1
    let cached = try CachedDataset(base, mode: mode, threads: 3) { size = $0 }
    switch mode {
    case .bytes: #expect(size == (0..<20).reduce(0) { $0 + (base.encodedSize(at: $1) ?? 0) })
    case .pixels: #expect(size == images.reduce(0) { $0 + $1.pixels.count })
    }
    #expect(cached.count == 20)
    #expect(cached.classNames == base.classNames)
    #expect(cached.labels == base.labels)
    #expect(cached.names(after: "") == base.names(after: ""))
    try layout.remove("f")
    let reader = ImageReader()
    for index in [0, 19, 7, 7] + Array(0..<20) {
      #expect(try cached.image(at: index) == images[index])
      try cached.open(index, with: reader)
      let box = Box(y: 0, x: 0, height: 1, width: 1)
      #expect(try reader.part(box).copy().pixels == Array(images[index].pixels[..<3]))
    }
  }

  @Test(arguments: CachedDataset.Mode.allCases)
  func imagesThatCannotBeReadFailWhenTheyAreAskedFor(mode: CachedDataset.Mode) throws {
    let layout = try Layout()
    try layout.images(["f/1.png", "f/4.png"])
    try layout.write("f/2.png", "no image")
    try layout.write("f/3.png", picture(9, height: 40, width: 40).dropLast(30))
    let base = try layout.open("folder:f")
    let cached = try CachedDataset(base, mode: mode)
    for (index, file) in [(1, "2.png"), (2, "3.png")] {
      let error = #expect(throws: ImageError.self) { try cached.image(at: index) }
      #expect(error?.file == layout.path + "/f/" + file)
      #expect(error == #expect(throws: ImageError.self) { try base.image(at: index) })
    }
    #expect(try cached.image(at: 3) == base.image(at: 3))
    // Mended, it is read like any other.
    try layout.images(["f/2.png"])
    #expect(try cached.image(at: 1).pixels == [7, 7, 7])
  }

  @Test func pixelsAreThoseOfTheDecoderThatFilledIt() throws {
    let layout = try Layout()
    try layout.write("f/0.jpg", jpeg())
    let base = try layout.open("folder:f")
    let accurate = ImageDecoder(inverseDCT: .accurate)
    let cached = try CachedDataset(base, mode: .pixels, decoder: accurate)
    #expect(try cached.image(at: 0) == base.image(at: 0, decoder: accurate))
    let bytes = try CachedDataset(base, mode: .bytes)
    #expect(try bytes.image(at: 0, decoder: accurate) == base.image(at: 0, decoder: accurate))
  }

  @Test func dataSetsThatAreInMemoryTakeNoMore() throws {
    let layout = try Layout()
    try layout.write("cifar-100-binary/test.bin", [UInt8](repeating: 0, count: 3074))
    try layout.write("cifar-100-binary/fine_label_names.txt", "apple")
    let base = try layout.open("cifar100:test")
    for mode in CachedDataset.Mode.allCases {
      _ = try CachedDataset(base, mode: mode) { #expect($0 == 0) }
      #expect(try CachedDataset(base, mode: mode).image(at: 0) == base.image(at: 0))
    }
  }
}
