import ArgumentParser
import FunMatchImages

/// How a command decodes images.
struct DecodingOptions: ParsableArguments {
  @Flag(help: "Decode JPEG with the accurate inverse DCT, as Pillow and OpenCV do.")
  var accurate = false

  @Flag(help: "Turn images as their EXIF orientation says.")
  var exif = false

  /// The decoder.
  var decoder: ImageDecoder {
    ImageDecoder(
      inverseDCT: accurate ? .accurate : .fast, orientation: exif ? .honour : .ignore)
  }
}
