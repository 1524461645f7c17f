import ArgumentParser
import FunMatchImages

/// How a command decodes images.
struct DecodingOptions: ParsableArguments {
  @Flag(help: "Decode JPEG with the accurate inverse DCT, as Pillow and OpenCV do.")
  var accurate = false

  @Flag(help: "Turn images as their EXIF orientation says.")
  var exif = false

  @Option(help: "Where they differ, whose pixels CMYK JPEG, 16-bit gray and turned TIFF have.")
  var reading = ImageDecoder.Reading.tensorflow

  /// Whether nothing was asked for.
  var isDefault: Bool { !accurate && !exif && reading == .tensorflow }

  /// The decoder.
  var decoder: ImageDecoder {
    ImageDecoder(
      inverseDCT: accurate ? .accurate : .fast, orientation: exif ? .honour : .ignore,
      reading: reading)
  }
}

extension ImageDecoder.Reading: ExpressibleByArgument {}
