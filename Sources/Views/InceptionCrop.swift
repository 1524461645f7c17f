import FunMatchImages
import FunMatchSettings

/// A box of random area and aspect ratio, resized to the input size (bilinear, no antialias).
public struct InceptionCrop: Cropping {
  /// Smallest share of the image's area.
  public var areaMin = 0.05
  /// Largest share of the image's area.
  public var areaMax = 1.0

  /// 5 to 100 % of the area, as published.
  public init() {}

  /// `inception`.
  public static let name = "inception"

  /// What it is.
  public static let summary = "A box of random area and aspect ratio, resized to the input size."

  /// Its keys.
  public static let keys: [Key<InceptionCrop>] = [
    Key("areaMin", \.areaMin, "Smallest share of the image's area."),
    Key("areaMax", \.areaMax, "Largest share of the image's area."),
  ]

  /// - Throws: `SettingsError` when the shares are no range within the image.
  public func check(at key: String) throws {
    guard areaMin > 0, areaMin <= areaMax, areaMax <= 1 else {
      throw SettingsError(
        key, "areaMin \(areaMin) and areaMax \(areaMax) must satisfy 0 < areaMin ≤ areaMax ≤ 1")
    }
  }

  /// Draws a box.
  public func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    .box(Self.box(height: height, width: width, area: areaMin...areaMax, using: &random))
  }

  /// Draws a box as `tf.image.sample_distorted_bounding_box` does: aspect ratio (width / height)
  /// uniform in [0.75, 1.33), then an integer height uniform among those whose area fits, then a
  /// place. The whole image after 100 attempts that failed.
  ///
  /// - Parameter area: smallest and largest share of the image's area, in 0 ... 1.
  public static func box(
    height: Int, width: Int, area: ClosedRange<Double>, using random: inout Philox
  ) -> Box {
    let pixels = Double(height * width)
    let smallest = area.lowerBound * pixels
    let largest = area.upperBound * pixels
    func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
    for _ in 0..<100 {
      let aspect = random.uniform(0.75, 1.33)
      var h = rounded((smallest / aspect).squareRoot())
      var highest = rounded((largest / aspect).squareRoot())
      highest = min(highest, height, Int((Double(width) + 0.5 - 1e-7) / aspect))
      h = min(h, highest)
      if h < highest { h += random.index(below: highest - h + 1) }
      var w = rounded(Double(h) * aspect)
      if Double(h * w) < smallest {
        h += 1
        w = rounded(Double(h) * aspect)
      } else if Double(h * w) > largest {
        h -= 1
        w = rounded(Double(h) * aspect)
      }
      let found = Double(h * w)
      guard h > 0, w > 0, h <= height, w <= width, found >= smallest, found <= largest else {
        continue
      }
      // The upper end is excluded, as in TensorFlow: a smaller box never touches the far edge.
      let y = h < height ? random.index(below: height - h) : 0
      let x = w < width ? random.index(below: width - w) : 0
      return Box(y: y, x: x, height: h, width: w)
    }
    return Box(y: 0, x: 0, height: height, width: width)
  }
}
