import CCodecs
import Foundation
import FunMatchSettings

/// Decodes images of every `ImageFormat` to RGB: JPEG and PNG as `tf.io.decode_image(channels=3)` does
/// in the official pipeline (big_vision `pp/ops_image.py`, `decode`), the others as Pillow's
/// `Image.open(file).convert("RGB")`.
///
/// Colour profiles are ignored, and so is EXIF orientation unless it is asked for; alpha is dropped
/// without compositing, gray is replicated, 16-bit samples lose their low byte, CMYK becomes RGB by
/// key times ink. HEIF and AVIF are always turned as their own properties (`irot`, `imir`) say.
public struct ImageDecoder: Sendable {
  /// The inverse cosine transform of JPEG decoding.
  public enum InverseDCT: String, SettingName {
    /// libjpeg's fast integer method: TensorFlow's default, on which the official numbers rest.
    case fast
    /// libjpeg's accurate integer method, as Pillow, OpenCV and torchvision use it
    /// (big_vision `decode(precise=True)`). About half of all values differ by a level or so.
    case accurate
  }

  /// Whose pixels an image has where TensorFlow and Pillow do not agree on what a file means.
  public enum Reading: String, SettingName {
    /// CMYK in a JPEG without Adobe's marker is not inverted; 16-bit gray keeps its high byte; a
    /// TIFF is turned only if `orientation` asks for it.
    case tensorflow
    /// CMYK in a JPEG is always inverted, and rounded otherwise; 16-bit gray (PNG and TIFF) is cut
    /// off at 255 (and in a TIFF where white is zero, not turned round); a TIFF is always turned.
    case pillow
  }

  /// What to do about a JPEG (or one in a TIFF, or a fax there) with corrupt data in its middle.
  public enum Damage: String, SettingName {
    /// Throw an error.
    case refuse
    /// Decode it as far as it goes, as TensorFlow and Pillow do with a warning. Some public data
    /// sets hold such files. One that ends too early is refused all the same, as by TensorFlow.
    case accept
  }

  /// What to do about the orientation that a camera noted.
  public enum EXIFOrientation: String, SettingName {
    /// Show the pixels as they are stored, as TensorFlow does.
    case ignore
    /// Turn the image upright, as viewers do: as EXIF says, or XMP where EXIF names no orientation.
    case honour
  }

  /// The inverse cosine transform of JPEG decoding.
  public var inverseDCT: InverseDCT
  /// What to do about the orientation that a camera noted.
  public var orientation: EXIFOrientation
  /// What to do about a JPEG with corrupt data in its middle.
  public var damage: Damage
  /// Whose pixels an image has where TensorFlow and Pillow do not agree.
  public var reading: Reading
  /// The largest decoded image, in bytes (height * width * 3); headers that ask for more are
  /// refused before memory is taken for pixels. The same limit holds for a file's own size, and for
  /// what decoding needs beside the pixels: up to 6 bytes a pixel for progressive JPEG.
  public var byteLimit: Int

  /// A decoder; the defaults are the official pipeline's, but for the refusal of damaged files.
  public init(
    inverseDCT: InverseDCT = .fast, orientation: EXIFOrientation = .ignore,
    damage: Damage = .refuse, reading: Reading = .tensorflow, byteLimit: Int = 500_000_000
  ) {
    self.inverseDCT = inverseDCT
    self.orientation = orientation
    self.damage = damage
    self.reading = reading
    self.byteLimit = byteLimit
  }

  /// The flags of `cc_open`.
  var flags: Int32 {
    var flags: Int32 = 0
    if inverseDCT == .accurate { flags |= Int32(CC_ACCURATE_DCT) }
    if damage == .accept { flags |= Int32(CC_ACCEPT_DAMAGE) }
    if orientation == .honour { flags |= Int32(CC_ORIENTATION) }
    if reading == .pillow { flags |= Int32(CC_PILLOW) }
    return flags
  }

  /// Reads an image's format and size without decoding it.
  ///
  /// - Parameter name: what errors call the image, usually its path.
  /// - Throws: `ImageError` if the bytes are no image, or its header asks for more than `byteLimit`
  ///   or promises more pixels than that many bytes can hold.
  public func header(_ bytes: some ContiguousBytes, name: String? = nil) throws -> ImageHeader {
    try open(bytes, name) { reader in
      guard let format = reader.format else { preconditionFailure("an encoded image has a format") }
      return ImageHeader(format: format, height: reader.height, width: reader.width)
    }
  }

  /// Decodes an image.
  ///
  /// - Parameter name: what errors call the image, usually its path.
  /// - Throws: `ImageError` if the bytes are not one whole, sound image.
  public func decode(_ bytes: some ContiguousBytes, name: String? = nil) throws -> PixelImage {
    try open(bytes, name) { try $0.image() }
  }

  /// Reads and decodes an image file. A loop over many files is faster with an `ImageReader`.
  ///
  /// - Throws: `ImageError` with the file's path.
  public func decode(file path: String) throws -> PixelImage {
    let reader = ImageReader(self)
    return try naming(path) {
      try reader.open(file: path)
      return try reader.image()
    }
  }

  private func open<Result>(
    _ bytes: some ContiguousBytes, _ name: String?, _ body: (ImageReader) throws -> Result
  ) throws -> Result {
    let reader = ImageReader(self)
    return try naming(name) {
      try bytes.withUnsafeBytes { bytes in
        try reader.open(bytes: bytes)
        return try body(reader)
      }
    }
  }

  private func naming<Result>(_ name: String?, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as ImageError {
      error.file = name
      throw error
    }
  }
}
