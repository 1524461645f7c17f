import FunMatchDatasets
import FunMatchImages

/// A data set of pictures in memory, which remembers nothing and can be broken on purpose.
public struct PictureList: Dataset {
  private let pictures: [PixelImage]
  private let broken: Set<Int>
  private let labelOf: @Sendable (Int) -> Int?
  /// Names of the classes.
  public let classNames: [String]
  /// As given.
  public let shards: [Range<Int>]

  /// - Parameters:
  ///   - broken: places of images that cannot be read.
  ///   - label: the class of each.
  public init(
    _ pictures: [PixelImage], classNames: [String] = [], broken: Set<Int> = [],
    shards: [Range<Int>] = [], label: @escaping @Sendable (Int) -> Int? = { _ in nil }
  ) {
    self.pictures = pictures
    self.classNames = classNames
    self.broken = broken
    self.shards = shards
    labelOf = label
  }

  /// Number of pictures.
  public var count: Int { pictures.count }
  /// "picture 3".
  public func name(at index: Int) -> String { "picture \(index)" }
  /// As given.
  public func label(at index: Int) -> Int? { labelOf(index) }
  /// The picture, unless it is broken.
  public func open(_ index: Int, with reader: ImageReader) throws {
    guard !broken.contains(index) else { throw ImageError(kind: .damaged, reason: "broken") }
    let picture = pictures[index]
    reader.open(height: picture.height, width: picture.width) { target in
      _ = target.initialize(from: picture.pixels)
    }
  }
}

/// Something like a photograph, the same every time for the same seed: smooth colours with edges.
public func photograph(height: Int, width: Int, seed: Int) -> PixelImage {
  var pixels = [UInt8]()
  pixels.reserveCapacity(height * width * 3)
  for y in 0..<height {
    for x in 0..<width {
      for channel in 0..<3 {
        let wave = (x * (seed % 5 + 2) + y * (channel + 1) + seed * 37) % 255
        let edge = (x / 17 + y / 13 + seed) % 3 * 30
        let grain = (x &* 7919 &+ y &* 104_729 &+ channel &* 31) % 7
        pixels.append(UInt8(min(abs(wave - 127) + edge + grain, 255)))
      }
    }
  }
  return PixelImage(height: height, width: width, pixels: pixels)
}
