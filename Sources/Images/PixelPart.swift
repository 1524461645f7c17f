/// Borrowed pixels of a part of an image: RGB, uint8.
///
/// Valid only as long as whoever lends it says; nothing is copied or freed.
public struct PixelPart {
  /// The first value of the part's first row.
  let base: UnsafePointer<UInt8>
  /// Bytes from one row to the next.
  let stride: Int
  /// Which part of the image the pixels are.
  public let box: Box
  /// The number of rows of the whole image.
  public let height: Int
  /// The number of columns of the whole image.
  public let width: Int

  /// The whole image.
  public var bounds: Box { Box(y: 0, x: 0, height: height, width: width) }

  /// A copy of the pixels, as an image of their own.
  public func copy() -> PixelImage {
    PixelImage(height: box.height, width: box.width) { target in
      guard let start = target.baseAddress else { return }
      let row = box.width * 3
      for y in 0..<box.height { (start + y * row).update(from: base + y * stride, count: row) }
    }
  }
}

extension PixelImage {
  /// Lends the whole image to `body`, which must not keep it.
  public func withPart<Result>(_ body: (PixelPart) throws -> Result) rethrows -> Result {
    try pixels.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an image has pixels") }
      return try body(
        PixelPart(base: base, stride: width * 3, box: bounds, height: height, width: width))
    }
  }
}
