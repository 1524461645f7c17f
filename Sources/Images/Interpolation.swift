/// How the pixels of a resized image come from those around them when a network is evaluated. Each
/// network wants what it was published with.
public enum Interpolation: String, Sendable, Hashable, Codable, CaseIterable {
  /// The mean of the area under each output pixel, truncated: `tf.image.resize(method="area")`, as
  /// big_vision evaluates.
  case area
  /// Pillow's `Image.resize(…, BILINEAR)`, as torchvision's and some of timm's networks are
  /// evaluated: a triangle, as wide as the image shrinks. Not TensorFlow's "bilinear", for which
  /// see `PixelPart.resizeBilinear`.
  case bilinear
  /// Pillow's `Image.resize(…, BICUBIC)`, as most of timm's networks are evaluated: Keys' cubic with
  /// a = -1/2, as wide as the image shrinks.
  case bicubic
}
