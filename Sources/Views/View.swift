import FunMatchImages

/// What a network sees of an image: a part of it, perhaps mirrored. A pure function of the seed, the
/// epoch, the image and the role.
public struct View: Sendable, Equatable {
  /// Which part.
  public enum Geometry: Sendable, Equatable {
    /// A box of the original image.
    case box(Box)
    /// A square of side `size` at (y, x) of the whole image resized to `resize` × `resize`, in
    /// pixels.
    case window(resize: Int, y: Int, x: Int, size: Int)
  }

  /// Which part.
  public let geometry: Geometry
  /// Whether it is mirrored left to right.
  public let flip: Bool

  /// A resize of a box of the image, of which a window is kept.
  private struct Plan {
    let box: Box
    let side: Int
    let window: Box
  }

  /// What to do with an image of these bounds so that it shows the view at `size` × `size` pixels.
  private func plan(_ bounds: Box, _ size: Int) -> Plan {
    switch geometry {
    case .box(let box):
      return Plan(box: box, side: size, window: Box(y: 0, x: 0, height: size, width: size))
    case .window(let resize, let y, let x, let window):
      // Offsets and sizes grow with the resolution, so that all networks see the same part.
      func scaled(_ length: Int) -> Int { (length * size + window / 2) / window }
      let side = max(scaled(resize), size)
      let kept = Box(
        y: min(scaled(y), side - size), x: min(scaled(x), side - size), height: size, width: size)
      return Plan(box: bounds, side: side, window: kept)
    }
  }

  /// The part of an image with these bounds that `render` at this size reads.
  public func reach(in bounds: Box, size: Int) -> Box {
    let plan = plan(bounds, size)
    return plan.box.bilinearReach(height: plan.side, width: plan.side, window: plan.window)
  }

  /// Which part of an image with these bounds is seen.
  public func box(in bounds: Box) -> Box {
    switch geometry {
    case .box(let box): return box
    case .window(let resize, let y, let x, let size):
      func along(_ length: Int, _ offset: Int) -> (start: Int, length: Int) {
        let start = offset * length / resize
        return (start, max(1, (offset + size) * length / resize - start))
      }
      let (rows, columns) = (along(bounds.height, y), along(bounds.width, x))
      return Box(y: rows.start, x: columns.start, height: rows.length, width: columns.length)
    }
  }

  /// Writes the view at `size` × `size` pixels, (size, size, 3) uint8, to `target`: bilinear without
  /// antialiasing.
  ///
  /// The same view can be written at several sizes: networks of different resolution then see the
  /// same part (paper, section 3.3).
  ///
  /// - Parameter part: of the image; must hold `reach` at that size.
  public func render(
    _ part: PixelPart, size: Int, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    let plan = plan(part.bounds, size)
    part.resizeBilinear(
      box: plan.box, height: plan.side, width: plan.side, window: plan.window, flip: flip,
      into: target)
  }

  /// The view as a picture of its own, (size, size, 3).
  public func picture(of image: PixelImage, size: Int) -> PixelImage {
    let values = [UInt8](unsafeUninitializedCapacity: size * size * 3) { buffer, count in
      let target = UnsafeMutableBufferPointer(rebasing: buffer[..<(size * size * 3)])
      image.withPart { render($0, size: size, into: target) }
      count = size * size * 3
    }
    return PixelImage(height: size, width: size, pixels: values)
  }
}
