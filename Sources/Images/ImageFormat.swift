import CCodecs

/// The image formats, told apart by their first bytes and never by a file's name.
public enum ImageFormat: String, Sendable, Codable, CaseIterable {
  /// JPEG: baseline and progressive, gray, RGB, CMYK and YCCK.
  case jpeg
  /// PNG of any colour type and bit depth.
  case png
  /// WebP, lossy and lossless; of an animation the first frame on its canvas.
  case webp
  /// GIF: the first frame on its canvas.
  case gif
  /// BMP of Windows and OS/2, with palettes, run lengths and bit fields, and without a file's header.
  case bmp
  /// TIFF: the first picture, with whole numbers of up to 16 bits, in every compression that libtiff
  /// was built with.
  case tiff
  /// HEIF with HEVC, as telephones write it (HEIC), where libheif was there when this was built.
  case heif
  /// HEIF with AV1 (AVIF), where libheif was there when this was built.
  case avif

  private var code: Int {
    switch self {
    case .jpeg: CC_FORMAT_JPEG
    case .png: CC_FORMAT_PNG
    case .webp: CC_FORMAT_WEBP
    case .gif: CC_FORMAT_GIF
    case .bmp: CC_FORMAT_BMP
    case .tiff: CC_FORMAT_TIFF
    case .heif: CC_FORMAT_HEIF
    case .avif: CC_FORMAT_AVIF
    }
  }

  /// The format of an opened image.
  init(code: Int32) {
    guard let format = Self.allCases.first(where: { $0.code == Int(code) }) else {
      preconditionFailure("an image that was opened has a format")
    }
    self = format
  }

  /// What names of such files end in, in lower case; the first one is the usual one.
  public var endings: [String] {
    switch self {
    case .jpeg: ["jpg", "jpeg", "jpe", "jfif", "jif", "jfi"]
    case .png: ["png"]
    case .webp: ["webp"]
    case .gif: ["gif"]
    case .bmp: ["bmp", "dib"]
    case .tiff: ["tif", "tiff"]
    case .heif: ["heic", "heif"]
    case .avif: ["avif"]
    }
  }

  /// Whether it can be decoded here.
  public var isDecoded: Bool { cc_decodes(Int32(code)) != 0 }

  /// The names of those that can be decoded here, as a list in a sentence: "JPEG, PNG and WebP".
  public static let list = String(cString: cc_formats())
}
