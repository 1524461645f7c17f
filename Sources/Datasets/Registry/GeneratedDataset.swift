import FunMatchImages

/// JPEG files made up in memory, of photographs' size: what stands in for a data set that is not here
/// when a recipe is tried out. A few pictures are shown again and again; labels go through the classes
/// in turn.
package final class GeneratedDataset: Dataset, @unchecked Sendable {
  /// Number of images.
  package let count: Int
  package let classNames: [String]
  package let classNamesAreNumbers = true
  /// Written once, in `init`.
  private let files: [UnsafeMutableRawBufferPointer]
  private static let height = 375
  private static let width = 500

  /// - Parameters:
  ///   - count: number of images.
  ///   - classNames: empty for images without labels.
  /// - Throws: `ImageError` when memory is short.
  package init(count: Int, classNames: [String]) throws {
    self.count = count
    self.classNames = classNames
    files = try (0..<min(count, 8)).map { number in
      let data = try Self.picture(number).jpegData()
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)
      memory.copyBytes(from: data)
      return memory
    }
  }

  /// What stands in for a data set that is not here: as many images and classes as it has where it was
  /// published, else 1,000 images; folders and shards have ten classes, photographs no labels, lists as many classes as
  /// they say in their names, else ten.
  ///
  /// - Throws: `DatasetError` when there is no such data set or split.
  package convenience init(
    standingFor reference: DatasetReference, registry: DatasetRegistry = DatasetRegistry()
  ) throws {
    let card = registry.card(reference.name)
    var count = 1000
    if let card {
      let split = reference.split ?? "train"
      guard let published = card.publishedCount(of: split) else { throw card.unknown(split) }
      count = published
    }
    if let slice = reference.slice { count = try Slice(slice).range(of: count).count }
    let classes =
      card?.classes ?? reference.query?.classCount ?? (reference.name == "photos" ? 0 : 10)
    try self.init(count: max(count, 1), classNames: (0..<classes).map(String.init))
  }

  deinit { for file in files { file.deallocate() } }

  package func name(at index: Int) -> String { "generated image \(index)" }

  package func label(at index: Int) -> Int? {
    classNames.isEmpty ? nil : index % classNames.count
  }

  package func encodedSize(at index: Int) -> Int? { files[index % files.count].count }

  package func open(_ index: Int, with reader: ImageReader) throws {
    try reader.open(bytes: UnsafeRawBufferPointer(files[index % files.count]))
  }

  /// Three gradients with some noise, so that decoding costs about what a photograph's does.
  private static func picture(_ number: Int) -> PixelImage {
    var state = UInt32(truncatingIfNeeded: number &* 7919 &+ 1)
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    for y in 0..<height {
      for x in 0..<width {
        state = state &* 1_664_525 &+ 1_013_904_223
        let noise = Int(state >> 28)
        let place = (y * width + x) * 3
        pixels[place] = UInt8((x * (number + 1) / 4 + noise) & 255)
        pixels[place + 1] = UInt8((y * (number + 2) / 5 + noise) & 255)
        pixels[place + 2] = UInt8(((x + y) / 3 + 16 * number + noise) & 255)
      }
    }
    return PixelImage(height: height, width: width, pixels: pixels)
  }
}
