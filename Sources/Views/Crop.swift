import FunMatchImages

/// How a view is cut from an image, under the names that recipes use.
public enum Crop: Sendable, Equatable {
  /// A box of random area and aspect ratio, resized to the input size (bilinear, no antialias).
  case inception(areaMin: Double, areaMax: Double)
  /// The whole image resized to `resize` × `resize`, then a random square of the input size: the
  /// paper's mild crop. Without a size, what is usual for the input size.
  case random(resize: Int?)
  /// The whole image resized to `resize` × `resize`, then its central square of the input size.
  case center(resize: Int?)
  /// The whole image resized to the input size.
  case whole

  /// The short side that images are usually resized to before a square of `size` pixels is cut out:
  /// 160 for 128, as in the paper, and 8/7 of it below 64 and from 160 pixels on.
  public static func usualResize(_ size: Int) -> Int {
    (64..<160).contains(size) ? size * 5 / 4 : (size * 8 + 3) / 7
  }

  /// Draws the part of an image of height × width that a network of input size `size` sees.
  func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    switch self {
    case .inception(let areaMin, let areaMax):
      return .box(
        Self.inceptionBox(
          height: height, width: width, area: areaMin...areaMax, using: &random))
    case .random(let resize):
      let resize = resize ?? Self.usualResize(size)
      let y = random.index(below: resize - size + 1)
      let x = random.index(below: resize - size + 1)
      return .window(resize: resize, y: y, x: x, size: size)
    case .center(let resize):
      let resize = resize ?? Self.usualResize(size)
      let offset = (resize - size) / 2
      return .window(resize: resize, y: offset, x: offset, size: size)
    case .whole:
      return .window(resize: size, y: 0, x: 0, size: size)
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
      guard let resize, !(size...16_384).contains(resize) else { return }
      throw ViewError(
        "views.crop: resize \(resize) must be between the input size \(size) and 16384")
    case .whole: break
    }
  }
}

extension Crop: Codable {
  private enum CodingKeys: String, CodingKey {
    case inception, random, center, whole
  }
  private struct Area: Codable {
    var areaMin: Double?
    var areaMax: Double?
  }
  private struct Resize: Codable {
    var resize: Int?

    func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(resize, forKey: .resize)
    }
  }
  private struct Nothing: Codable {}

  /// `{inception: {areaMin: 0.05, areaMax: 1.0}}`, `{random: {resize: 146}}`, `{center: {resize:
  /// 146}}`, or a name alone: `whole`.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      let plain: [String: Crop] = [
        "inception": .inception(areaMin: 0.05, areaMax: 1), "random": .random(resize: nil),
        "center": .center(resize: nil), "whole": .whole,
      ]
      guard let known = plain[name] else { throw Self.unknown(decoder) }
      self = known
      return
    }
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    guard keys.allKeys.count == 1, let key = keys.allKeys.first else { throw Self.unknown(decoder) }
    switch key {
    case .inception:
      let area = try keys.decode(Area.self, forKey: key)
      self = .inception(areaMin: area.areaMin ?? 0.05, areaMax: area.areaMax ?? 1)
    case .random: self = .random(resize: try keys.decode(Resize.self, forKey: key).resize)
    case .center: self = .center(resize: try keys.decode(Resize.self, forKey: key).resize)
    case .whole: self = .whole
    }
  }

  private static func unknown(_ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(
      .init(
        codingPath: decoder.codingPath,
        debugDescription: "expected exactly one of inception, random, center and whole"))
  }

  /// Writes the map form.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .inception(let areaMin, let areaMax):
      try keys.encode(Area(areaMin: areaMin, areaMax: areaMax), forKey: .inception)
    case .random(let resize): try keys.encode(Resize(resize: resize), forKey: .random)
    case .center(let resize): try keys.encode(Resize(resize: resize), forKey: .center)
    case .whole: try keys.encode(Nothing(), forKey: .whole)
    }
  }
}
