import Foundation
import FunMatchImages
import FunMatchTorch
import Testing

/// Resizing and evaluation as Pillow and torchvision do it, equal to the bit, on the images of
/// `Fixtures/pillow.npz`, which `Scripts/make_resize_fixtures.py` made.
struct PillowTests {
  private let fixtures: NpzFile
  private let names: [String]

  init() throws {
    fixtures = try NpzFile(Fixture.path("pillow.npz"))
    names = fixtures.names
  }

  /// An array (H, W, 3), or a gray one (H, W).
  private func image(_ name: String) throws -> PixelImage {
    let tensor = try fixtures.read(name)
    let values = tensor.array(as: UInt8.self)
    return PixelImage(
      height: tensor.shape[0], width: tensor.shape[1],
      pixels: tensor.shape.count == 3 ? values : values.flatMap { [$0, $0, $0] })
  }

  /// The parts of a name that begins with `prefix`, and what it names.
  private func each(_ prefix: String, _ body: ([String], PixelImage) throws -> Void) throws {
    var count = 0
    for name in names {
      let parts = name.split(separator: "/").map(String.init)
      guard parts[0] == prefix else { continue }
      try body(parts, try image(name))
      count += 1
    }
    #expect(count > 10)
  }

  private func evaluation(_ sizes: String, _ interpolation: String) throws
    -> EvaluationPreprocessing
  {
    let numbers = sizes.split(separator: ",").compactMap { Int($0) }
    return EvaluationPreprocessing(
      resize: try #require(numbers.first), crop: try #require(numbers.last),
      interpolation: try #require(Interpolation(rawValue: interpolation)))
  }

  /// Larger and smaller, one axis alone, gray, sides of one pixel, and overshooting edges.
  @Test func resizedPixelsArePillows() throws {
    try each("image") { parts, expected in
      guard parts.count == 4 else { return }
      let interpolation = try #require(Interpolation(rawValue: parts[2]))
      let resized = try image("image/\(parts[1])").resize(
        by: interpolation, height: expected.height, width: expected.width)
      #expect(
        resized == expected, "\(parts) to \(expected.height) x \(expected.width)")
    }
  }

  @Test func evaluationIsTorchvisions() throws {
    try each("evaluation") { parts, expected in
      let image = try image("image/\(parts[1])")
      let evaluation = try evaluation(parts[2], parts[3])
      #expect(try evaluation.apply(to: image) == expected, "\(parts)")
      // From a file, of which only a part is decoded.
      let file = try image.pngData()
      #expect(try apply(evaluation, to: file, ImageDecoder()) == expected.pixels, "\(parts)")
    }
  }

  /// All of what timm does to a file: Pillow decodes with the accurate inverse DCT.
  @Test func evaluationOfFilesIsTorchvisions() throws {
    try each("file") { parts, expected in
      let evaluation = try evaluation(parts[2], parts[3])
      let file = try Fixture.bytes(parts[1] + ".jpg")
      let pixels = try apply(evaluation, to: file, ImageDecoder(inverseDCT: .accurate))
      #expect(pixels == expected.pixels, "\(parts)")
    }
  }

  private func apply(
    _ evaluation: EvaluationPreprocessing, to file: [UInt8], _ decoder: ImageDecoder
  )
    throws -> [UInt8]
  {
    let reader = ImageReader(decoder)
    let count = evaluation.crop * evaluation.crop * 3
    return try file.withUnsafeBytes { bytes in
      try reader.open(bytes: bytes)
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        try evaluation.apply(to: reader, into: .init(rebasing: buffer[..<count]))
        initialized = count
      }
    }
  }

  /// The last size is resized rows first.
  @Test(
    arguments: [Interpolation.bilinear, .bicubic],
    [(64, 96), (20, 30), (33, 33), (21, 7), (90, 1), (90, 131), (250, 400), (1, 1), (3, 120)])
  func windowsAreCutFromTheWhole(_ interpolation: Interpolation, _ size: (Int, Int)) throws {
    let image = noise(height: 90, width: 131, seed: 3)
    let whole = image.resize(by: interpolation, height: size.0, width: size.1)
    var random = SystemlessRandom(seed: 5)
    for _ in 0..<20 {
      let height = 1 + random.index(below: size.0)
      let width = 1 + random.index(below: size.1)
      let window = Box(
        y: random.index(below: size.0 - height + 1), x: random.index(below: size.1 - width + 1),
        height: height, width: width)
      let count = height * width * 3
      let part = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        image.withPart {
          $0.resize(
            by: interpolation, height: size.0, width: size.1, window: window,
            into: .init(rebasing: buffer[..<count]))
        }
        initialized = count
      }
      #expect(part == whole.crop(window).pixels, "\(window)")
    }
  }

  /// What is decoded of a JPEG is enough for the crop, wherever that lies.
  @Test(arguments: Interpolation.allCases, [(90, 400), (400, 90), (170, 171), (64, 64)])
  func onlyAPartOfAFileIsNeeded(_ interpolation: Interpolation, _ size: (Int, Int)) throws {
    let file = try noise(height: size.0, width: size.1).jpegData(quality: 90)
    let image = try ImageDecoder().decode(file)
    for (resize, crop) in [(64, 20), (33, 32), (120, 7)] {
      let evaluation = EvaluationPreprocessing(
        resize: resize, crop: crop, interpolation: interpolation)
      let expected = try evaluation.apply(to: image).pixels
      #expect(try apply(evaluation, to: file, ImageDecoder()) == expected)
    }
  }

  @Test func aConstantStaysConstant() {
    for value: UInt8 in [0, 1, 127, 254, 255] {
      let image = PixelImage(
        height: 37, width: 53, pixels: [UInt8](repeating: value, count: 37 * 53 * 3))
      for interpolation in [Interpolation.bilinear, .bicubic] {
        for (height, width) in [(5, 200), (200, 5), (36, 52), (1, 1), (111, 159)] {
          let resized = image.resize(by: interpolation, height: height, width: width)
          #expect(resized.pixels.allSatisfy { $0 == value })
        }
      }
    }
  }

  @Test func extremeShapesTakeNoMemory() throws {
    // Resized as a whole these would be 256 x 16,776,960 pixels.
    for (height, width) in [(1, 65535), (65535, 1)] {
      let image = noise(height: height, width: width)
      for interpolation in [Interpolation.bilinear, .bicubic] {
        let view = try EvaluationPreprocessing(
          resize: 256, crop: 224, interpolation: interpolation
        ).apply(to: image)
        #expect(view.height == 224 && view.width == 224)
      }
    }
  }

  @Test func interpolationMayBeLeftOut() throws {
    let old = try JSONDecoder().decode(
      EvaluationPreprocessing.self, from: Data(#"{"resize": 160, "crop": 128}"#.utf8))
    #expect(old == EvaluationPreprocessing(resize: 160, crop: 128, interpolation: .area))
    let other = EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bicubic)
    let copy = try JSONDecoder().decode(
      EvaluationPreprocessing.self, from: JSONEncoder().encode(other))
    #expect(copy == other)
  }
}
