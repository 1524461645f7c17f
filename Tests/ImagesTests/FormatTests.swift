import Foundation
import FunMatchImages
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Files of every format against the pixels that Pillow's `convert("RGB")` gives, equal to the bit; they and the pixels
/// are from `Scripts/make_image_fixtures.py`.
struct FormatTests {
  /// The script's files: its own fixtures, or the many that it makes when it is asked.
  private struct Files {
    let archive: NpzFile
    let names: [String]

    init(_ path: String) throws {
      archive = try NpzFile(path)
      names = archive.names.filter { $0.hasPrefix("file/") }.map { String($0.dropFirst(5)) }
    }

    func bytes(_ name: String) throws -> [UInt8] {
      try archive.read("file/" + name).array(as: UInt8.self)
    }

    func pixels(_ name: String, reading: ImageDecoder.Reading) throws -> PixelImage {
      let own = "\(reading.rawValue)/\(name)"
      let tensor = try archive.read(archive.names.contains(own) ? own : "pillow/" + name)
      return PixelImage(
        height: tensor.shape[0], width: tensor.shape[1], pixels: tensor.array(as: UInt8.self))
    }

    /// The number of EXIF that a file holds.
    func orientation(_ name: String) throws -> UInt8? {
      let key = "turned/" + name
      guard archive.names.contains(key) else { return nil }
      return try archive.read(key).array(as: UInt8.self).first
    }
  }

  private let fixtures: Files

  init() throws { fixtures = try Files(Fixture.path("formats.npz")) }

  private static func format(_ name: String) throws -> ImageFormat {
    let ending = String(name.split(separator: ".").last ?? "")
    return try #require(ImageFormat.allCases.first { $0.endings.contains(ending) })
  }

  /// Whether what decodes AVIF rounds as what Pillow uses does.
  private func isEqual(_ a: PixelImage, _ b: PixelImage, format: ImageFormat) -> Bool {
    guard a.height == b.height, a.width == b.width else { return false }
    let most = format == .avif ? 2 : 0
    return zip(a.pixels, b.pixels).allSatisfy { abs(Int($0) - Int($1)) <= most }
  }

  private func compare(_ files: Files) throws {
    for name in files.names {
      let format = try Self.format(name)
      guard format.isDecoded else { continue }
      let bytes = try files.bytes(name)
      for reading in ImageDecoder.Reading.allCases {
        // Pillow turns every TIFF, which the tests of orientation look at.
        if reading == .pillow, format == .tiff, try files.orientation(name) != nil { continue }
        let decoder = ImageDecoder(inverseDCT: .accurate, reading: reading)
        let image = try decoder.decode(bytes, name: name)
        let expected = try files.pixels(name, reading: reading)
        #expect(isEqual(image, expected, format: format), "\(name), reading \(reading)")
        let header = try decoder.header(bytes)
        #expect(header.format == format && header.width == expected.width, "\(name)")
        let reader = ImageReader(decoder)
        for box in [
          Box(y: 0, x: 0, height: 1, width: 1),
          Box(y: image.height / 3, x: image.width / 4, height: image.height / 2, width: 3),
          Box(y: image.height - 1, x: 1, height: 1, width: image.width - 1),
        ] {
          let part = try bytes.withUnsafeBytes { bytes in
            try reader.open(bytes: bytes)
            return try reader.part(box).copy()
          }
          #expect(part == image.crop(box), "\(name), \(box)")
        }
      }
    }
  }

  @Test func pixelsArePillows() throws {
    let formats = Set(try fixtures.names.map(Self.format))
    #expect(formats.isSuperset(of: [.jpeg, .png, .webp, .gif, .bmp, .tiff, .heif, .avif]))
    try compare(fixtures)
  }

  @Test(.enabled(if: PyTorch.python != nil)) func pixelsOfManyFilesArePillows() throws {
    let folder = try TemporaryFolder()
    let python = try #require(PyTorch.python)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Scripts/make_image_fixtures.py").path
    let (status, output, errors) = try Python.run(
      python, [script, "--many", folder.file("many.npz")])
    try #require(status == 0, "\(String(decoding: output + errors, as: UTF8.self))")
    try withExtendedLifetime(folder) {
      let files = try Files(folder.file("many.npz"))
      #expect(files.names.count >= 100)
      try compare(files)
    }
  }

  @Test func orientationIsHonouredWhereItIsAskedFor() throws {
    var formats: Set<ImageFormat> = []
    for name in fixtures.names {
      guard let number = try fixtures.orientation(name) else { continue }
      let stored = try fixtures.pixels(name, reading: .tensorflow)
      let upright = turned(stored, Int(number))
      let bytes = try fixtures.bytes(name)
      formats.insert(try Self.format(name))
      #expect(try ImageDecoder(orientation: .ignore).decode(bytes) == stored, "\(name)")
      #expect(try ImageDecoder(orientation: .honour).decode(bytes) == upright, "\(name)")
      if try Self.format(name) == .tiff {
        #expect(try ImageDecoder(reading: .pillow).decode(bytes) == upright, "\(name)")
      }
    }
    #expect(formats == [.png, .webp, .tiff])
  }

  /// The image upright whose stored rows and columns mean what EXIF says of a number.
  private func turned(_ image: PixelImage, _ number: Int) -> PixelImage {
    let (h, w) = (image.height, image.width)
    let size = number >= 5 ? (w, h) : (h, w)
    var pixels: [UInt8] = []
    for y in 0..<size.0 {
      for x in 0..<size.1 {
        let (row, column) =
          switch number {
          case 2: (y, w - 1 - x)
          case 3: (h - 1 - y, w - 1 - x)
          case 4: (h - 1 - y, x)
          case 5: (x, y)
          case 6: (h - 1 - x, y)
          case 7: (h - 1 - x, w - 1 - y)
          case 8: (x, w - 1 - y)
          default: (y, x)
          }
        pixels += image.pixels[(row * w + column) * 3..<(row * w + column) * 3 + 3]
      }
    }
    return PixelImage(height: size.0, width: size.1, pixels: pixels)
  }

  /// A file that ends early is refused, unless only what stands behind the pixels is missing: then they are the same.
  @Test func truncatedFilesAreRefusedOrWhole() throws {
    var refused = 0
    for name in fixtures.names where try [.webp, .gif, .bmp, .tiff].contains(Self.format(name)) {
      let bytes = try fixtures.bytes(name)
      let whole = try ImageDecoder().decode(bytes)
      for count in stride(from: 0, to: bytes.count, by: 7) {
        do {
          let image = try ImageDecoder().decode(Array(bytes.prefix(count)))
          #expect(image == whole, "\(name), \(count) of \(bytes.count) bytes")
        } catch is ImageError {
          refused += 1
        }
      }
    }
    #expect(refused > 1000)
  }

  @Test func everyFormatIsNamedInErrors() {
    let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(Array("hello".utf8)) }
    for name in ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF"] {
      #expect(error?.reason.contains(name) == true)
    }
    #expect(ImageFormat.list.contains("HEIF") == ImageFormat.heif.isDecoded)
  }
}
