import Foundation
import FunMatchImages

/// The small files in the folder `Fixtures`; `make.py` there made them.
enum Fixture {
  static let names = ["baseline", "cmyk", "gray", "progressive"]

  static func path(_ file: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures").appendingPathComponent(file).path
  }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(file))))
  }
}

/// Pixels without structure but the same every time.
func noise(height: Int, width: Int, seed: UInt32 = 1) -> PixelImage {
  var state = seed
  let pixels = (0..<height * width * 3).map { _ -> UInt8 in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
  return PixelImage(height: height, width: width, pixels: pixels)
}
