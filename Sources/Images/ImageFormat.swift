/// The image formats that can be decoded, told apart by their first bytes and never by a file's
/// name.
public enum ImageFormat: String, Sendable, Codable, CaseIterable {
  /// JPEG: baseline and progressive, gray, RGB, CMYK and YCCK.
  case jpeg
  /// PNG of any colour type and bit depth.
  case png
}
