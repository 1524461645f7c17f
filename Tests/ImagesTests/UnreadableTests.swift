import Foundation
import FunMatchImages
import Testing

/// Files that are no images at all.
struct UnreadableTests {
  @Test func nothingIsNoImage() {
    let error = #expect(throws: ImageError.self) {
      try ImageDecoder().decode([UInt8](), name: "empty.jpg")
    }
    #expect(error?.kind == .unknownFormat)
    #expect(
      error?.description == "empty.jpg: cannot decode the image: it is empty (no bytes)")
  }

  @Test func otherFormatsAreNamed() {
    let paper = #expect(throws: ImageError.self) {
      try ImageDecoder().decode(Array("%PDF-1.4".utf8), name: "cat.jpg")
    }
    #expect(
      paper?.description
        == "cat.jpg: cannot decode the image: it seems to be a PDF; the known formats are \(ImageFormat.list)"
    )
    let pointer = #expect(throws: ImageError.self) {
      try ImageDecoder().decode(
        Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".utf8))
    }
    #expect(pointer?.reason.contains("Git LFS pointer") == true)
    let other = #expect(throws: ImageError.self) {
      try ImageDecoder().header(Data([1, 2, 0xab]))
    }
    #expect(other?.kind == .unknownFormat)
    #expect(other?.reason.contains("01 02 ab") == true)
    #expect(other?.reason.contains("JPEG") == true && other?.reason.contains("PNG") == true)
  }

  @Test func missingFilesAreNamed() {
    let error = #expect(throws: ImageError.self) {
      try ImageDecoder().decode(file: "/nowhere/at/all.png")
    }
    #expect(
      error?.description
        == "/nowhere/at/all.png: cannot read the image: No such file or directory")
    let folder = #expect(throws: ImageError.self) { try ImageDecoder().decode(file: "/") }
    #expect(folder?.kind == .unreadable && folder?.file == "/")
  }

  @Test func theNameOfAFileDoesNotMatter() throws {
    let path = NSTemporaryDirectory() + "funmatch-\(UUID().uuidString).jpg"
    let image = noise(height: 4, width: 3)
    try Data(try image.pngData()).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try ImageDecoder().decode(file: path) == image)
  }

  @Test func truncatedFilesAreNamed() throws {
    let path = NSTemporaryDirectory() + "funmatch-\(UUID().uuidString).png"
    let file = try noise(height: 9, width: 9).pngData()
    try Data(file.prefix(file.count / 2)).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(file: path) }
    #expect(error?.kind == .damaged && error?.file == path)
    #expect(error?.description.contains("premature end of PNG file") == true)
  }
}
