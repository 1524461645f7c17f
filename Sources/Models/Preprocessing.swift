/// How an image becomes what a model sees at evaluation: short side to `resize`, central `crop`,
/// then values to the range [-1, 1] (big_vision `resize_small|central_crop|value_range(-1, 1)`).
public struct Preprocessing: Codable, Sendable, Equatable {
  /// Length of the short side after resizing, in pixels.
  public var resize: Int
  /// Side of the square that is cut out, in pixels.
  public var crop: Int

  /// Both in pixels.
  public init(resize: Int, crop: Int) {
    self.resize = resize
    self.crop = crop
  }
}
