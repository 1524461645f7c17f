/// An RGB image in memory: uint8, (height, width, 3), rows without padding.
public struct PixelImage: Sendable, Equatable {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// The values in the order row, column, channel (red, green, blue); `height * width * 3` of them.
  public let pixels: [UInt8]

  /// An image of given pixels.
  ///
  /// - Precondition: both sides are positive and `pixels` has `height * width * 3` elements.
  public init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(
      height > 0 && width > 0 && pixels.count == height * width * 3,
      "\(pixels.count) values do not make an RGB image of \(height) x \(width)")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// An image whose pixels `fill` writes, all `height * width * 3` of them.
  init(
    height: Int, width: Int, filledBy fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) rethrows {
    let count = height * width * 3
    self.init(
      height: height, width: width,
      pixels: try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      })
  }

  /// The box that is the whole image.
  public var bounds: Box { Box(y: 0, x: 0, height: height, width: width) }

  /// Checks a box that comes from outside (a command line, a file).
  ///
  /// - Throws: `ImageError` of kind `geometry` if the box is empty or not wholly inside the image.
  public func check(_ box: Box) throws {
    guard box.fits(height: height, width: width) else {
      throw ImageError(
        kind: .geometry,
        reason: "the box at row \(box.y), column \(box.x) of \(box.height) x \(box.width) pixels "
          + "is not inside the image's \(height) x \(width)")
    }
  }
}
