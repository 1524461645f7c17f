import FunMatchImages
import FunMatchSettings
import FunMatchViews

/// A way of cutting: a square of random size and place. Other than an inception crop it keeps angles.
struct SquareCrop: Cropping {
  static let name = "square"
  static let summary = "A square of random size and place, resized to the input size."
  static let keys: [Key<SquareCrop>] = [
    Key("sideMin", \.sideMin, "Smallest side, as a share of the image's short side.", .share)
  ]

  var sideMin = 0.5

  /// A pure function of its arguments: a view can be drawn again at any time.
  func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry {
    let short = min(height, width)
    let smallest = min(max(1, Int(sideMin * Double(short))), short)
    let side = smallest + random.index(below: short - smallest + 1)
    let y = random.index(below: height - side + 1)
    let x = random.index(below: width - side + 1)
    return .box(Box(y: y, x: x, height: side, width: side))
  }
}

extension ViewPolicy {
  /// A view policy: function matching without mirroring, which would make one diagonal the other.
  static let upright = ViewPolicy(
    name: "upright", summary: "The same square crop for both, never mirrored, in the same mixture.",
    teacher: .shared, crop: Crop(SquareCrop()), flip: false, mixup: 1)
}
