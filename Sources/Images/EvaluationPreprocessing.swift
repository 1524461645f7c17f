/// How an image is prepared when a network is evaluated, without any randomness: resized so that
/// its smaller side is `resize`, then cut to the middle `crop` x `crop` pixels.
///
/// Source: big_vision's `decode|resize_small(resize)|central_crop(crop)`. The paper uses (160, 128)
/// for 128-pixel models and (256, 224) for 224-pixel ones. With `bilinear` and `bicubic`, it is
/// torchvision's `Resize(resize)` and `CenterCrop(crop)` on Pillow images, which timm evaluates with;
/// the longer side and the place of the crop are then rounded as there. An image that has the right
/// size already is not changed.
public struct EvaluationPreprocessing: Sendable, Hashable, Codable {
  /// The length that the smaller side is resized to.
  public var resize: Int
  /// The side of the square that is kept.
  public var crop: Int
  /// How the image is resized.
  public var interpolation: Interpolation

  /// Resize to `resize`, then crop to `crop`.
  public init(resize: Int, crop: Int, interpolation: Interpolation = .area) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
  }

  /// The longest side that networks may look at, in pixels.
  public static let largestSide = 8192

  /// Reads what was written; if its sizes are possible; `interpolation` may be left out and is then `area`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    resize = try container.decode(Int.self, forKey: .resize)
    crop = try container.decode(Int.self, forKey: .crop)
    interpolation =
      try container.decodeIfPresent(Interpolation.self, forKey: .interpolation) ?? .area
    guard (1...Self.largestSide).contains(crop), (crop...2 * Self.largestSide).contains(resize)
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .crop, in: container,
        debugDescription: "resize \(resize), crop \(crop) are impossible")
    }
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
    let reach = whole.reach(
      by: interpolation, height: size.height, width: size.width, window: window)
    try write(try reader.part(reach), into: target)
  }

  /// The size after resizing, and what is kept of it.
  private func plan(_ whole: Box) throws -> (size: Box, window: Box) {
    let size = interpolation == .area ? whole.resizedSmall(resize) : whole.resizedShort(resize)
    // Beyond that, single precision cannot tell neighbouring pixels apart.
    guard max(size.height, size.width) <= 1 << 24 else {
      throw ImageError(
        kind: .geometry,
        reason: "\(whole.height) x \(whole.width) pixels are too long for a short side of \(resize)"
      )
    }
    return (
      size,
      Box(y: margin(size.height), x: margin(size.width), height: crop, width: crop)
    )
  }

  /// What is cut off before the crop.
  private func margin(_ side: Int) -> Int {
    // Python's `round`, by which torchvision places the crop, rounds halves to even.
    interpolation == .area
      ? (side - crop) / 2 : Int((Double(side - crop) / 2).rounded(.toNearestOrEven))
  }

  private func write(_ part: PixelPart, into target: UnsafeMutableBufferPointer<UInt8>) throws {
    let (size, window) = try plan(part.bounds)
    part.resize(
      by: interpolation, height: size.height, width: size.width, window: window, into: target)
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
