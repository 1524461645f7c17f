/// How an image is prepared when a network is evaluated, without any randomness: resized so that
/// its smaller side is `resize`, then cut to the middle `crop` x `crop` pixels.
///
/// Source: big_vision's `decode|resize_small(resize)|central_crop(crop)`. The paper uses (160, 128)
/// for 128-pixel models and (256, 224) for 224-pixel ones. An image that has the right size already
/// is not changed.
public struct EvaluationPreprocessing: Sendable, Hashable, Codable {
  /// The length that the smaller side is resized to.
  public var resize: Int
  /// The side of the square that is kept.
  public var crop: Int

  /// Resize to `resize`, then crop to `crop`.
  public init(resize: Int, crop: Int) {
    self.resize = resize
    self.crop = crop
  }

  /// The network's view of an image: (crop, crop, 3).
  ///
  /// - Throws: `ImageError` of kind `geometry` if not 0 < crop <= resize.
  public func apply(to image: PixelImage) throws -> PixelImage {
    try check()
    return try PixelImage(height: crop, width: crop) { target in
      try image.withPart { try write($0, into: target) }
    }
  }

  /// The same of the image that `reader` holds, of which no more is decoded than that takes, written
  /// to the caller's memory.
  ///
  /// - Parameter target: `crop * crop * 3` bytes; need not be initialized before, all of it is
  ///   after.
  /// - Throws: `ImageError` of kind `geometry` if not 0 < crop <= resize; what decoding throws.
  public func apply(
    to reader: ImageReader, into target: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    try check()
    let whole = Box(y: 0, x: 0, height: reader.height, width: reader.width)
    let (size, window) = try plan(whole)
    let reach = whole.areaReach(height: size.height, width: size.width, window: window)
    try write(try reader.part(reach), into: target)
  }

  /// The size after resizing, and what is kept of it.
  private func plan(_ whole: Box) throws -> (size: Box, window: Box) {
    let size = whole.resizedSmall(resize)
    // Beyond that, single precision cannot tell neighbouring pixels apart.
    guard max(size.height, size.width) <= 1 << 24 else {
      throw ImageError(
        kind: .geometry,
        reason: "\(whole.height) x \(whole.width) pixels are too long for a short side of \(resize)"
      )
    }
    return (
      size,
      Box(y: (size.height - crop) / 2, x: (size.width - crop) / 2, height: crop, width: crop)
    )
  }

  private func write(_ part: PixelPart, into target: UnsafeMutableBufferPointer<UInt8>) throws {
    let (size, window) = try plan(part.bounds)
    part.resizeArea(height: size.height, width: size.width, window: window, into: target)
  }

  /// Checks the two sizes, which may come from a recipe or a command line.
  ///
  /// - Throws: `ImageError` of kind `geometry` if not 0 < crop <= resize.
  public func check() throws {
    guard crop > 0, crop <= resize else {
      throw ImageError(
        kind: .geometry,
        reason: "evaluation preprocessing needs 0 < crop <= resize, not resize \(resize), "
          + "crop \(crop)")
    }
  }
}
