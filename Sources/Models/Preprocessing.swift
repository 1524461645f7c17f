/// How an image becomes what a model sees at evaluation: short side to `resize`, central `crop`,
/// then values to the range [-1, 1] (big_vision `resize_small|central_crop|value_range(-1, 1)`).
public struct Preprocessing: Codable, Sendable, Equatable {
  /// Length of the short side after resizing, in pixels.
  public var resize: Int
  /// Side of the square that is cut out, in pixels.
  public var crop: Int

  /// The longest side that networks may look at, in pixels.
  public static let largestSide = 8192

  /// Both in pixels.
  public init(resize: Int, crop: Int) {
    self.resize = resize
    self.crop = crop
  }

  /// Decodes sizes that are possible.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    resize = try keys.decode(Int.self, forKey: .resize)
    crop = try keys.decode(Int.self, forKey: .crop)
    guard (1...Self.largestSide).contains(crop), (crop...2 * Self.largestSide).contains(resize)
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .crop, in: keys, debugDescription: "resize \(resize), crop \(crop) are impossible")
    }
  }
}
