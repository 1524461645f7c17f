extension PixelImage {
  /// The part of the image inside `box`, pixels unchanged.
  ///
  /// - Precondition: `box` lies inside the image; see `check(_:)`.
  public func crop(_ box: Box) -> PixelImage {
    precondition(box.fits(height: height, width: width), "\(box) is outside the image")
    if box == bounds { return self }
    let row = width * 3
    return pixels.withUnsafeBufferPointer { pixels in
      guard let start = pixels.baseAddress else { preconditionFailure("an image has pixels") }
      return PixelPart(
        base: start + box.y * row + box.x * 3, stride: row, box: box, height: height, width: width
      ).copy()
    }
  }

  /// The middle `size` x `size` pixels, at row (height - size) / 2, column (width - size) / 2, both
  /// rounded down (big_vision `pp/ops_image.py`, `central_crop`).
  ///
  /// - Throws: `ImageError` of kind `geometry` if the image is smaller than that.
  public func centerCrop(_ size: Int) throws -> PixelImage {
    crop(try Box.center(of: size, height: height, width: width))
  }

  /// The image mirrored left to right.
  public func flippedHorizontally() -> PixelImage {
    PixelImage(height: height, width: width) { target in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          for x in 0..<width {
            let from = (y * width + x) * 3
            let to = (y * width + width - 1 - x) * 3
            for c in 0..<3 { target[to + c] = source[from + c] }
          }
        }
      }
    }
  }
}

extension Box {
  /// The middle `size` x `size` pixels of an image.
  static func center(of size: Int, height: Int, width: Int) throws -> Box {
    guard size > 0, size <= height, size <= width else {
      throw ImageError(
        kind: .geometry,
        reason: "the middle \(size) x \(size) pixels of an image of \(height) x \(width) pixels")
    }
    return Box(y: (height - size) / 2, x: (width - size) / 2, height: size, width: size)
  }
}
