import FunMatchImages

/// The bytes of an image as they go into a shard.
struct PackedImage: Sendable {
  let bytes: [UInt8]
  /// Of its name in the archive: the usual one of its format, whatever its file was called.
  let ending: String

  /// The open image: its own bytes, a JPEG file where it is made smaller, a PNG file where there are only pixels.
  ///
  /// - Throws: `ImageError` when it has to be decoded and cannot be.
  init(_ reader: ImageReader, shrinking: ShardPacker.Shrinking?) throws {
    if let shrinking, min(reader.height, reader.width) > shrinking.shortSide {
      let small = try reader.image().resizeSmall(shrinking.shortSide)
      bytes = try small.jpegData(quality: shrinking.quality)
      ending = "jpg"
    } else if let encoded = reader.encoded, let format = reader.format {
      bytes = Array(encoded)
      ending = format.endings[0]
    } else {
      bytes = try reader.image().pngData()
      ending = "png"
    }
  }
}
