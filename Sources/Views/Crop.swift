import FunMatchImages

/// How a view is cut from an image, under the names that recipes use.
public enum Crop: Sendable, Equatable {
  /// A box of random area and aspect ratio, resized to the input size (bilinear, no antialias).
  case inception(areaMin: Double, areaMax: Double)
  /// The whole image resized to `resize` × `resize`, then a random square of the input size: the
  /// paper's mild crop.
  case random(resize: Int)
  /// The whole image resized to `resize` × `resize`, then its central square of the input size.
  case center(resize: Int)

  /// Draws the part of an image of height × width that a network of input size `size` sees.
  func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    switch self {
    case .inception(let areaMin, let areaMax):
      return .box(
        Self.inceptionBox(
          height: height, width: width, area: areaMin...areaMax, using: &random))
    case .random(let resize):
      let y = random.index(below: resize - size + 1)
      let x = random.index(below: resize - size + 1)
      return .window(resize: resize, y: y, x: x, size: size)
    case .center(let resize):
      let offset = (resize - size) / 2
      return .window(resize: resize, y: offset, x: offset, size: size)
    }
  }

  /// Draws a box as `tf.image.sample_distorted_bounding_box` does: aspect ratio (width / height)
  /// uniform in [0.75, 1.33), then an integer height uniform among those whose area fits, then a
  /// place. The whole image after 100 attempts that failed.
  ///
  /// - Parameter area: smallest and largest share of the image's area, in 0 ... 1.
  public static func inceptionBox(
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

  /// - Throws: `ViewError` when areas or sizes are out of range for networks of input size `size`.
  func validate(size: Int) throws {
    switch self {
    case .inception(let areaMin, let areaMax):
      guard areaMin > 0, areaMin <= areaMax, areaMax <= 1 else {
        throw ViewError(
          "views.crop.inception: areaMin \(areaMin) and areaMax \(areaMax) must satisfy "
            + "0 < areaMin ≤ areaMax ≤ 1")
      }
    case .random(let resize), .center(let resize):
      guard (size...16_384).contains(resize) else {
        throw ViewError(
          "views.crop: resize \(resize) must be between the input size \(size) and 16384")
      }
    }
  }
}

extension Crop: Codable {
  private enum CodingKeys: String, CodingKey {
    case inception, random, center
  }
  private struct Area: Codable {
    var areaMin: Double?
    var areaMax: Double?
  }
  private struct Resize: Codable {
    var resize: Int
  }

  /// `{inception: {areaMin: 0.05, areaMax: 1.0}}`, `{random: {resize: 146}}` or `{center: {resize:
  /// 146}}`.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    switch keys.allKeys.first {
    case .inception? where keys.allKeys.count == 1:
      let area = try keys.decode(Area.self, forKey: .inception)
      self = .inception(areaMin: area.areaMin ?? 0.05, areaMax: area.areaMax ?? 1)
    case .random? where keys.allKeys.count == 1:
      self = .random(resize: try keys.decode(Resize.self, forKey: .random).resize)
    case .center? where keys.allKeys.count == 1:
      self = .center(resize: try keys.decode(Resize.self, forKey: .center).resize)
    default:
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected exactly one of inception, random and center"))
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .inception(let areaMin, let areaMax):
      try keys.encode(Area(areaMin: areaMin, areaMax: areaMax), forKey: .inception)
    case .random(let resize): try keys.encode(Resize(resize: resize), forKey: .random)
    case .center(let resize): try keys.encode(Resize(resize: resize), forKey: .center)
    }
  }
}
