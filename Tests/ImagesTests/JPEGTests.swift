import Foundation
import FunMatchImages
import Testing

struct JPEGTests {
  private let accurate = ImageDecoder(inverseDCT: .accurate)

  @Test(arguments: Fixture.names)
  func accurateDecodingIsPillows(_ name: String) throws {
    let jpeg = try accurate.decode(file: Fixture.path(name + ".jpg"))
    let pillow = try ImageDecoder().decode(file: Fixture.path(name + ".png"))
    #expect(jpeg.height == pillow.height && jpeg.width == pillow.width)
    // With some black ink, TensorFlow truncates key times ink where Pillow rounds.
    let tolerance = name == "cmyk" ? 1 : 0
    #expect(Difference(jpeg.pixels, pillow.pixels).largest <= tolerance)
  }

  @Test(arguments: Fixture.names)
  func fastDecodingIsCloseToAccurate(_ name: String) throws {
    let file = try Fixture.bytes(name + ".jpg")
    let difference = Difference(
      try ImageDecoder().decode(file).pixels, try accurate.decode(file).pixels)
    #expect(difference.largest > 0 && difference.largest < 24 && difference.mean < 2)
  }

  @Test func headersAreReadWithoutDecoding() throws {
    let file = try Fixture.bytes("progressive.jpg")
    let header = try ImageDecoder().header(file.prefix(500))
    #expect(header.format == .jpeg && header.height == 14 && header.width == 19)
  }

  @Test func inksAreInvertedOnlyWithAdobesMarker() throws {
    let file = try Fixture.bytes("cmyk.jpg")
    let marker = try #require(position(of: [0xff, 0xee], in: file))
    let plain = Array(file[..<marker] + file[(marker + 16)...])
    let inverted = try accurate.decode(file).pixels
    let straight = try accurate.decode(plain).pixels
    #expect(inverted != straight)
    // Both come from the same stored inks i and key k: i * k / 255 and (255 - i) * (255 - k) / 255.
    for (a, b) in zip(inverted, straight) { #expect(Int(a) + Int(b) <= 255) }
  }

  @Test(arguments: Fixture.names)
  func everyTruncationIsRefused(_ name: String) throws {
    let file = try Fixture.bytes(name + ".jpg")
    for count in 0..<file.count {
      for decoder in [ImageDecoder(), ImageDecoder(damage: .accept)] {
        #expect(throws: ImageError.self, "\(count) bytes of \(file.count)") {
          try decoder.decode(file.prefix(count), name: name)
        }
      }
    }
  }

  @Test func strayBytesBetweenMarkersAreTolerated() throws {
    let file = try Fixture.bytes("baseline.jpg")
    let end = file.count - 2
    let padded: [UInt8] = file[..<end] + [0, 1, 2, 3] + file[end...] + [9, 9, 9]
    #expect(try ImageDecoder().decode(padded) == ImageDecoder().decode(file))
  }

  @Test func missingScanDataIsRefusedUnlessAccepted() throws {
    // A scan cut short, but followed by the end marker: libjpeg would fill the rest with gray.
    let file = try Fixture.bytes("baseline.jpg")
    let cut = Array(file.prefix(file.count - 60) + [0xff, 0xd9])
    let error = #expect(throws: ImageError.self) {
      try ImageDecoder().decode(cut, name: "photos/cut.jpg")
    }
    #expect(error?.kind == .damaged)
    #expect(error?.description.hasPrefix("photos/cut.jpg: cannot decode the image: ") == true)
    let whole = try ImageDecoder().decode(file)
    let accepted = try ImageDecoder(damage: .accept).decode(cut)
    #expect(accepted.pixels.prefix(24) == whole.pixels.prefix(24))
    #expect(accepted.pixels != whole.pixels)
  }

  @Test func theHeaderMayNotLie() throws {
    var file = try Fixture.bytes("baseline.jpg")
    let frame = try #require(position(of: [0xff, 0xc0], in: file))
    file.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
    let promise = #expect(throws: ImageError.self) { try ImageDecoder().header(file) }
    #expect(promise?.kind == .damaged && promise?.reason.contains("8192 x 8192") == true)
    file.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0, 0xff, 0])
    let size = #expect(throws: ImageError.self) { try ImageDecoder().decode(file) }
    #expect(size?.kind == .tooLarge && size?.reason.contains("65280 x 65280") == true)
    file.replaceSubrange(frame + 5..<frame + 9, with: [0, 40, 0, 13])
    #expect(throws: ImageError.self) { try ImageDecoder().decode(file) }
    file.replaceSubrange(frame + 5..<frame + 9, with: [0, 0, 0, 13])
    #expect(throws: ImageError.self) { try ImageDecoder().decode(file) }
  }

  @Test(arguments: Fixture.names)
  func damageNeverCrashes(_ name: String) throws {
    let file = try Fixture.bytes(name + ".jpg")
    for i in 0..<file.count {
      for value: UInt8 in [0, 0x7f, 0xff, file[i] ^ 1] {
        var damaged = file
        damaged[i] = value
        let strict = try? ImageDecoder(byteLimit: 1 << 20).decode(damaged)
        let lenient = try? ImageDecoder(damage: .accept, byteLimit: 1 << 20).decode(damaged)
        if let strict { #expect(strict == lenient) }
      }
    }
  }

  private func position(of marker: [UInt8], in file: [UInt8]) -> Int? {
    file.indices.dropLast().first { file[$0] == marker[0] && file[$0 + 1] == marker[1] }
  }
}
