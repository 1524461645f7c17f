/// How the stored rows and columns of an image must be turned to be looked at, as EXIF tells it.
enum Orientation: Int {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case mirroredUpsideDown = 4
  /// Mirrored along the main diagonal.
  case transposed = 5
  /// To be turned clockwise by a quarter.
  case turnedLeft = 6
  /// Mirrored along the other diagonal.
  case transversed = 7
  /// To be turned counterclockwise by a quarter.
  case turnedRight = 8

  /// Upright for numbers that EXIF does not know.
  init(exif number: Int) { self = Orientation(rawValue: number) ?? .upright }

  private var swapsSides: Bool { rawValue >= 5 }
  /// Whether the upright image's first row is the stored image's last row, or column.
  private var startsAtEndOfY: Bool { [3, 4, 7, 8].contains(rawValue) }
  /// Whether the upright image's first column is the stored image's last column, or row.
  private var startsAtEndOfX: Bool { [2, 3, 6, 7].contains(rawValue) }

  /// The size of the upright image, of that of the stored one.
  func size(height: Int, width: Int) -> (height: Int, width: Int) {
    swapsSides ? (width, height) : (height, width)
  }

  /// Where a box of the upright image, which has this size, is in the stored one.
  func stored(_ box: Box, height: Int, width: Int) -> Box {
    let y = startsAtEndOfY ? height - box.y - box.height : box.y
    let x = startsAtEndOfX ? width - box.x - box.width : box.x
    return swapsSides
      ? Box(y: x, x: y, height: box.width, width: box.height)
      : Box(y: y, x: x, height: box.height, width: box.width)
  }

  /// Turns stored pixels (height, width, 3), `stride` bytes from row to row, upright.
  func turn(
    _ stored: UnsafePointer<UInt8>, stride: Int, height: Int, width: Int,
    into upright: UnsafeMutablePointer<UInt8>
  ) {
    let size = size(height: height, width: width)
    for y in 0..<size.height {
      let row = startsAtEndOfY ? size.height - 1 - y : y
      for x in 0..<size.width {
        let column = startsAtEndOfX ? size.width - 1 - x : x
        let from =
          stored + (swapsSides ? column * stride + row * 3 : row * stride + column * 3)
        let to = upright + (y * size.width + x) * 3
        for channel in 0..<3 { to[channel] = from[channel] }
      }
    }
  }
}
