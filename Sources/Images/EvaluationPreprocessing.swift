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
    let size = image.sizeOfResizeSmall(resize)
    let window = try Box.center(of: crop, height: size.height, width: size.width)
    if size.height == image.height && size.width == image.width { return image.crop(window) }
    return PixelImage(height: crop, width: crop) {
      image.resizeArea(height: size.height, width: size.width, window: window, into: $0)
    }
  }

  /// The same as `apply(to:)`, written to the caller's memory, for filling a batch in place.
  ///
  /// - Parameter target: `crop * crop * 3` bytes; need not be initialized before, all of it is
  ///   after.
  /// - Throws: `ImageError` of kind `geometry` if not 0 < crop <= resize.
  public func apply(
    to image: PixelImage, into target: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    try check()
    let size = image.sizeOfResizeSmall(resize)
    let window = try Box.center(of: crop, height: size.height, width: size.width)
    image.resizeArea(height: size.height, width: size.width, window: window, into: target)
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
