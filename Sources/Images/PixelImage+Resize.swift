extension PixelImage {
  /// Crops to `box` and resizes the crop to `height` x `width`, as `PixelPart.resizeBilinear` does.
  ///
  /// - Precondition: `box` lies inside the image (see `check(_:)`), both sizes are positive.
  public func resizeBilinear(box: Box, height: Int, width: Int, flip: Bool = false) -> PixelImage {
    PixelImage(height: height, width: width) { target in
      withPart {
        $0.resizeBilinear(box: box, height: height, width: width, flip: flip, into: target)
      }
    }
  }

  /// Resizes to `height` x `width` as `PixelPart.resizeArea` does.
  ///
  /// - Precondition: both sizes are positive.
  public func resizeArea(height: Int, width: Int) -> PixelImage {
    PixelImage(height: height, width: width) { target in
      withPart {
        $0.resizeArea(
          height: height, width: width, window: Box(y: 0, x: 0, height: height, width: width),
          into: target)
      }
    }
  }

  /// Resizes to `height` x `width` as `PixelPart.resize` does.
  ///
  /// - Precondition: both sizes are positive.
  public func resize(by interpolation: Interpolation, height: Int, width: Int) -> PixelImage {
    PixelImage(height: height, width: width) { target in
      withPart {
        $0.resize(
          by: interpolation, height: height, width: width,
          window: Box(y: 0, x: 0, height: height, width: width), into: target)
      }
    }
  }

  /// Resizes so that the smaller side becomes `size`, by area; the other keeps the aspect ratio and
  /// is rounded half to even (big_vision `pp/ops_image.py`, `resize_small`).
  ///
  /// - Precondition: `size` is positive.
  public func resizeSmall(_ size: Int) -> PixelImage {
    let resized = bounds.resizedSmall(size)
    return resizeArea(height: resized.height, width: resized.width)
  }
}

extension Box {
  /// The bounds of an image with these bounds after its smaller side was resized to `size`.
  func resizedSmall(_ size: Int) -> Box {
    let factor = Float(size) / Float(min(height, width))
    return Box(
      y: 0, x: 0, height: Int((Float(height) * factor).rounded(.toNearestOrEven)),
      width: Int((Float(width) * factor).rounded(.toNearestOrEven)))
  }

  /// The same with the longer side truncated, as torchvision's `Resize(size)` has it.
  func resizedShort(_ size: Int) -> Box {
    let long = Int(Double(size) * Double(max(height, width)) / Double(min(height, width)))
    return Box(
      y: 0, x: 0, height: height <= width ? size : long, width: height <= width ? long : size)
  }
}
