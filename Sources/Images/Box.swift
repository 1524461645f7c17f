/// A rectangle of pixels: rows `y ..< y + height`, columns `x ..< x + width`.
///
/// The order of the fields is that of TensorFlow's crop windows: y, x, height, width.
public struct Box: Sendable, Hashable, Codable {
  /// The first row.
  public var y: Int
  /// The first column.
  public var x: Int
  /// The number of rows.
  public var height: Int
  /// The number of columns.
  public var width: Int

  /// A box at row `y`, column `x`.
  public init(y: Int, x: Int, height: Int, width: Int) {
    self.y = y
    self.x = x
    self.height = height
    self.width = width
  }

  /// Whether the box holds at least one pixel and lies inside an image of this size.
  public func fits(height imageHeight: Int, width imageWidth: Int) -> Bool {
    // Written so that no sum can overflow: a box may come from the command line.
    y >= 0 && x >= 0 && height > 0 && width > 0
      && y < imageHeight && x < imageWidth
      && height <= imageHeight - y && width <= imageWidth - x
  }

  /// The smallest box that holds this one and another.
  public func union(_ other: Box) -> Box {
    let top = min(y, other.y)
    let left = min(x, other.x)
    return Box(
      y: top, x: left, height: max(y + height, other.y + other.height) - top,
      width: max(x + width, other.x + other.width) - left)
  }
}
