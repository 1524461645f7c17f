import FunMatchDatasets
import FunMatchImages

/// A picture of some images of a data set, evenly spread over it, with their classes.
public struct DatasetPreview {
  private static let tile = 160
  private static let gap = 10
  private static let columns = 8
  private let dataset: any Dataset

  /// A preview of `dataset`.
  public init(_ dataset: any Dataset) { self.dataset = dataset }

  /// The picture of `count` images, or of all if there are fewer.
  ///
  /// - Throws: `ImageError` when one cannot be decoded.
  public func image(count: Int) throws -> PixelImage {
    let count = min(count, dataset.count)
    let columns = min(Self.columns, count)
    let rows = (count + columns - 1) / columns
    let caption = Canvas.captionHeight + 4
    let (tile, gap) = (Self.tile, Self.gap)
    var canvas = Canvas(
      height: gap + rows * (tile + caption + gap), width: gap + columns * (tile + gap))
    for place in 0..<count {
      let index = place * dataset.count / count
      let image = try dataset.image(at: index)
      let scale = Double(tile) / Double(max(image.height, image.width))
      let small = image.resizeArea(
        height: max(Int((Double(image.height) * scale).rounded()), 1),
        width: max(Int((Double(image.width) * scale).rounded()), 1))
      let y = gap + place / columns * (tile + caption + gap)
      let x = gap + place % columns * (tile + gap)
      let label = dataset.label(at: index)
      let name = label.map { $0 < dataset.classNames.count ? dataset.classNames[$0] : "\($0)" }
      canvas.write(name ?? "#\(index)", y: y, x: x, width: tile)
      canvas.draw(small, y: y + caption, x: x)
    }
    return canvas.image
  }
}
