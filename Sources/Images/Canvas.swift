/// A picture that pictures, frames and captions are put on.
public struct Canvas {
  /// A colour.
  public struct Colour: Sendable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// Of values in 0 ... 255.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// Black.
    public static let black = Colour(0, 0, 0)
    /// White.
    public static let white = Colour(255, 255, 255)
  }

  /// Height of a caption's letters in pixels.
  public static let captionHeight = Lettering.height * scale
  private static let scale = 2

  private let height: Int
  private let width: Int
  private var pixels: [UInt8]

  /// An empty picture.
  ///
  /// - Precondition: both sides are positive.
  public init(height: Int, width: Int, background: Colour = .white) {
    self.height = height
    self.width = width
    pixels = []
    pixels.reserveCapacity(height * width * 3)
    for _ in 0..<height * width { pixels += [background.red, background.green, background.blue] }
  }

  /// What has been drawn.
  public var image: PixelImage { PixelImage(height: height, width: width, pixels: pixels) }

  /// Puts a picture with its upper left corner at (y, x); what does not fit is cut off.
  public mutating func draw(_ picture: PixelImage, y: Int, x: Int) {
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        let from = (row * picture.width + column) * 3
        dot(
          y + row, x + column,
          Colour(picture.pixels[from], picture.pixels[from + 1], picture.pixels[from + 2]))
      }
    }
  }

  /// Draws the border of a box, `thickness` pixels wide, inside it.
  public mutating func frame(_ box: Box, _ colour: Colour, thickness: Int = 2) {
    for y in 0..<box.height {
      for x in 0..<box.width {
        let inner = min(y, x, box.height - 1 - y, box.width - 1 - x)
        if inner < thickness { dot(box.y + y, box.x + x, colour) }
      }
    }
  }

  /// Writes a line in capitals with its upper left corner at (y, x), cut to `width` pixels.
  public mutating func write(
    _ text: String, y: Int, x: Int, width: Int, _ colour: Colour = .black
  ) {
    let advance = (Lettering.width + 1) * Self.scale
    var places: [(y: Int, x: Int)] = []
    Lettering.draw(String(text.prefix(max(width / advance, 0)))) { places.append(($0, $1)) }
    for place in places {
      for i in 0..<Self.scale * Self.scale {
        dot(
          y + place.y * Self.scale + i / Self.scale, x + place.x * Self.scale + i % Self.scale,
          colour
        )
      }
    }
  }

  private mutating func dot(_ y: Int, _ x: Int, _ colour: Colour) {
    guard (0..<height).contains(y), (0..<width).contains(x) else { return }
    let start = (y * width + x) * 3
    pixels[start] = colour.red
    pixels[start + 1] = colour.green
    pixels[start + 2] = colour.blue
  }
}
