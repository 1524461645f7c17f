import CCodecs

extension PixelImage {
  /// The image as a baseline JPEG file.
  ///
  /// - Parameters:
  ///   - quality: libjpeg's, in 1 ... 100.
  ///   - halvesChroma: whether colour has half the resolution (4:2:0), as in most photographs.
  /// - Throws: `ImageError` of kind `failed` if a side is longer than JPEG allows (65,500 pixels).
  public func jpegData(quality: Int = 90, halvesChroma: Bool = true) throws -> [UInt8] {
    guard let rows = Int32(exactly: height), let columns = Int32(exactly: width) else {
      throw ImageError(
        kind: .failed, reason: "\(height) x \(width) pixels are too many for a JPEG file")
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    try call { message in
      pixels.withUnsafeBufferPointer {
        cc_encode_jpeg(
          $0.baseAddress, rows, columns, Int32(min(max(quality, 1), 100)), halvesChroma ? 1 : 0,
          message, &bytes, &count)
      }
    }
    defer { cc_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
