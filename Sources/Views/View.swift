import FunMatchImages

/// What a network sees of an image: a part of it, perhaps mirrored. A pure function of the seed, the
/// epoch and the image.
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

  /// Writes the view at `size` × `size` pixels, (size, size, 3) uint8, to `target`.
  ///
  /// The same view can be written at several sizes: networks of different resolution then see the
  /// same part.
  public func render(
    _ image: PixelImage, size: Int, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    switch geometry {
    case .box(let box):
      image.resizeBilinear(box: box, height: size, width: size, flip: flip, into: target)
    case .window(let resize, let y, let x, let window):
      // Offsets and sizes grow with the resolution, so that all networks see the same part.
      func scaled(_ length: Int) -> Int { (length * size + window / 2) / window }
      let side = max(scaled(resize), size)
      let whole =
        image.height == side && image.width == side
        ? image : image.resizeBilinear(box: image.bounds, height: side, width: side)
      let box = Box(
        y: min(scaled(y), side - size), x: min(scaled(x), side - size), height: size, width: size)
      whole.resizeBilinear(box: box, height: size, width: size, flip: flip, into: target)
    }
  }
}
