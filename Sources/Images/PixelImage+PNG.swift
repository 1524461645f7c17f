import CCodecs

extension PixelImage {
  /// The image as a PNG file: 8-bit RGB, the same bytes for the same pixels.
  ///
  /// - Throws: `ImageError` of kind `failed` if the image is too large for libpng.
  public func pngData() throws -> [UInt8] {
    guard let rows = Int32(exactly: height), let columns = Int32(exactly: width),
      case let capacity = cc_png_capacity(rows, columns), capacity > 0
    else {
      throw ImageError(
        kind: .failed, reason: "\(height) x \(width) pixels are too many for a PNG file")
    }
    return try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      var written = capacity
      try call { message in
        pixels.withUnsafeBufferPointer {
          cc_encode_png($0.baseAddress, rows, columns, message, buffer.baseAddress, &written)
        }
      }
      count = written
    }
  }
}
