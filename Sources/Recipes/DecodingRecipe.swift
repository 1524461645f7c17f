import FunMatchImages
import FunMatchSettings

/// How images are decoded.
public struct DecodingRecipe: Settings {
  /// The inverse cosine transform of JPEG files: TensorFlow's, on which official numbers rest, or the
  /// accurate one of Pillow and OpenCV.
  public var inverseDCT = ImageDecoder.InverseDCT.fast
  /// Whether the orientation that a camera noted is honoured.
  public var orientation = ImageDecoder.EXIFOrientation.ignore
  /// Whether corrupt data in the middle of a JPEG is an error.
  public var damage = ImageDecoder.Damage.refuse

  /// Whose pixels an image has where TensorFlow and Pillow do not agree on what a file means.
  public var reading = ImageDecoder.Reading.tensorflow

  /// TensorFlow's, but for the refusal of corrupt files.
  public init() {}

  /// Its keys.
  public static let keys: [Key<DecodingRecipe>] = [
    Key(
      "inverseDCT", \.inverseDCT,
      "TensorFlow's inverse DCT (fast), on which official numbers rest, or Pillow's and OpenCV's (accurate)."
    ),
    Key(
      "orientation", \.orientation,
      "EXIF orientation: ignore it, or honour it and turn images upright."),
    Key(
      "damage", \.damage,
      "Corrupt data in the middle of a JPEG: refuse the image, or accept it as far as it goes."),
    Key(
      "reading", \.reading,
      "Where they differ, TensorFlow's pixels or Pillow's: CMYK JPEG, 16-bit gray, turned TIFF."),
  ]

  /// The decoder.
  public var decoder: ImageDecoder {
    ImageDecoder(
      inverseDCT: inverseDCT, orientation: orientation, damage: damage, reading: reading)
  }
}
