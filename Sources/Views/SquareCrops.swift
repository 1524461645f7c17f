import FunMatchSettings

/// The whole image resized to `resize` × `resize`, then a random square of the input size: the paper's mild crop.
public struct RandomCrop: Cropping {
  /// Side after resizing, in pixels; `nil`: what is usual for the input size.
  public var resize: Int?

  /// The usual size.
  public init() {}

  /// `random`.
  public static let name = "random"

  /// What it is.
  public static let summary =
    "The whole image resized to a square, then a random part: the paper's mild crop."

  /// Its keys.
  public static let keys: [Key<RandomCrop>] = [
    Key("resize", \.resize, sideDocumentation, .positive(upTo: largestResize))
  ]

  /// Draws a place of the square.
  public func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    let resize = resize ?? Crop.usualResize(size)
    let y = random.index(below: resize - size + 1)
    let x = random.index(below: resize - size + 1)
    return .window(resize: resize, y: y, x: x, size: size)
  }

  /// - Throws: `ViewError` when the square would not fit.
  public func check(size: Int) throws { try checkResize(resize, size) }
}

/// The whole image resized to `resize` × `resize`, then its central square of the input size.
public struct CenterCrop: Cropping {
  /// Side after resizing, in pixels; `nil`: what is usual for the input size.
  public var resize: Int?

  /// The usual size.
  public init() {}

  /// `center`.
  public static let name = "center"

  /// What it is.
  public static let summary = "The whole image resized to a square, then its middle."

  /// Its keys.
  public static let keys: [Key<CenterCrop>] = [
    Key("resize", \.resize, sideDocumentation, .positive(upTo: largestResize))
  ]

  /// The middle.
  public func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    let resize = resize ?? Crop.usualResize(size)
    let offset = (resize - size) / 2
    return .window(resize: resize, y: offset, x: offset, size: size)
  }

  /// - Throws: `ViewError` when the square would not fit.
  public func check(size: Int) throws { try checkResize(resize, size) }
}

/// The whole image resized to the input size.
public struct WholeImage: Cropping {
  /// The only one.
  public init() {}

  /// `whole`.
  public static let name = "whole"

  /// What it is.
  public static let summary = "The whole image resized to the input size."

  /// None.
  public static let keys: [Key<WholeImage>] = []

  /// All of it.
  public func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    .window(resize: size, y: 0, x: 0, size: size)
  }
}

private let largestResize = 16_384
private let sideDocumentation =
  "Side after resizing, in pixels; null: 160 for 128 px, 8/7 below 64 and from 160 px on."

private func checkResize(_ resize: Int?, _ size: Int) throws {
  guard let resize, !(size...largestResize).contains(resize) else { return }
  throw ViewError(
    "views.crop: resize \(resize) must be between the input size \(size) and \(largestResize)")
}
