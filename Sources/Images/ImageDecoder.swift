import CCodecs
import Foundation

/// Decodes JPEG and PNG to RGB, as `tf.io.decode_image(channels=3)` does in the official pipeline
/// (big_vision `pp/ops_image.py`, `decode`).
///
/// EXIF orientation and colour profiles are ignored, alpha is dropped without compositing, gray is
/// replicated, 16-bit samples lose their low byte, CMYK becomes RGB by key times ink.
public struct ImageDecoder: Sendable {
  /// The inverse cosine transform of JPEG decoding.
  public enum InverseDCT: String, Sendable, Codable {
    /// libjpeg's fast integer method: TensorFlow's default, on which the official numbers rest.
    case fast
    /// libjpeg's accurate integer method, as Pillow, OpenCV and torchvision use it
    /// (big_vision `decode(precise=True)`). About half of all values differ by a level or so.
    case accurate
  }

  /// What to do about a JPEG with corrupt data in its middle.
  public enum Damage: String, Sendable, Codable {
    /// Throw an error.
    case refuse
    /// Decode it as far as it goes, as TensorFlow and Pillow do with a warning. Some public data
    /// sets hold such files. One that ends too early is refused all the same, as by TensorFlow.
    case accept
  }

  /// The inverse cosine transform of JPEG decoding.
  public var inverseDCT: InverseDCT
  /// What to do about a JPEG with corrupt data in its middle.
  public var damage: Damage
  /// The largest decoded image, in bytes (height * width * 3); headers that ask for more are
  /// refused before any memory is taken.
  public var byteLimit: Int

  /// A decoder; the defaults are the official pipeline's, but for the refusal of damaged files.
  public init(
    inverseDCT: InverseDCT = .fast, damage: Damage = .refuse, byteLimit: Int = 1 << 30
  ) {
    self.inverseDCT = inverseDCT
    self.damage = damage
    self.byteLimit = byteLimit
  }

  /// Reads an image's format and size without decoding it.
  ///
  /// - Parameter name: what errors call the image, usually its path.
  /// - Throws: `ImageError` if the bytes are no image, or its header asks for more than `byteLimit`
  ///   or promises more pixels than that many bytes can hold.
  public func header(_ bytes: some ContiguousBytes, name: String? = nil) throws -> ImageHeader {
    try bytes.withUnsafeBytes { try header($0, name: name) }
  }

  /// Decodes an image.
  ///
  /// - Parameter name: what errors call the image, usually its path.
  /// - Throws: `ImageError` if the bytes are not one whole, sound image.
  public func decode(_ bytes: some ContiguousBytes, name: String? = nil) throws -> PixelImage {
    try bytes.withUnsafeBytes { try decode($0, name: name) }
  }

  /// Reads and decodes an image file.
  ///
  /// - Throws: `ImageError` with the file's path.
  public func decode(file path: String) throws -> PixelImage {
    try decode(Self.read(path), name: path)
  }

  private func header(_ bytes: UnsafeRawBufferPointer, name: String?) throws -> ImageHeader {
    var header = cc_header()
    try call(name) { message in
      cc_read_header(
        bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count,
        UInt64(max(byteLimit, 0)), message, &header)
    }
    return ImageHeader(
      format: Int(header.format) == CC_FORMAT_JPEG ? .jpeg : .png,
      height: Int(header.height), width: Int(header.width))
  }

  private func decode(_ bytes: UnsafeRawBufferPointer, name: String?) throws -> PixelImage {
    let header = try header(bytes, name: name)
    var flags: Int32 = 0
    if inverseDCT == .accurate { flags |= Int32(CC_ACCURATE_DCT) }
    if damage == .accept { flags |= Int32(CC_ACCEPT_DAMAGE) }
    let pixels = try [UInt8](unsafeUninitializedCapacity: header.byteCount) { buffer, count in
      try call(name) { message in
        cc_decode(
          bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, flags,
          header.byteCount, message, buffer.baseAddress)
      }
      count = header.byteCount
    }
    return PixelImage(height: header.height, width: header.width, pixels: pixels)
  }

  private static func read(_ path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      // Foundation's own sentence repeats the path or says nothing; the system's words are better.
      let system = (error as? CocoaError)?.underlying as? POSIXError
      let reason =
        system.map { String(cString: strerror($0.code.rawValue)) } ?? error.localizedDescription
      throw ImageError(kind: .unreadable, file: path, reason: reason)
    }
  }
}
