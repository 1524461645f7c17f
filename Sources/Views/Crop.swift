import FunMatchImages
import FunMatchSettings

/// How a view is cut from an image. A user of the library adds one with `Registry.adding(crop:)`.
public protocol Cropping: Variant {
  /// Draws the part of an image of height × width pixels that a network of input size `size` sees: a function of
  /// these and of what is drawn from `random`.
  func draw(height: Int, width: Int, size: Int, _ random: inout Philox) -> View.Geometry
  /// Checks that networks of an input size can be shown such crops.
  ///
  /// - Throws: `ViewError` when a size is out of range.
  func check(size: Int) throws
}

extension Cropping {
  /// All sizes are possible.
  public func check(size: Int) throws {}
}

/// The ways of cutting that recipes can name.
public enum CropKind: VariantKind {
  /// What a name stands for.
  public typealias Value = any Cropping
  /// What comes with this package.
  public static let builtIn: [any Variant.Type] = [
    InceptionCrop.self, RandomCrop.self, CenterCrop.self, WholeImage.self,
  ]
  /// What messages call an entry.
  public static let noun = "crop"
}

/// How a view is cut, as recipes name it: `{inception: {areaMin: 0.05}}`, `{random: {resize: 146}}`, or `whole`.
public typealias Crop = OneOf<CropKind>

extension OneOf where Kind == CropKind {
  /// A box of random area and aspect ratio.
  public static func inception(areaMin: Double, areaMax: Double) -> Crop {
    var crop = InceptionCrop()
    (crop.areaMin, crop.areaMax) = (areaMin, areaMax)
    return Crop(crop)
  }
  /// The paper's mild crop; without a size, what is usual for the input size.
  public static func random(resize: Int?) -> Crop {
    var crop = RandomCrop()
    crop.resize = resize
    return Crop(crop)
  }
  /// The central square.
  public static func center(resize: Int?) -> Crop {
    var crop = CenterCrop()
    crop.resize = resize
    return Crop(crop)
  }
  /// The whole image.
  public static var whole: Crop { Crop(WholeImage()) }

  /// The short side that images are usually resized to before a square of `size` pixels is cut out:
  /// 160 for 128, as in the paper, and 8/7 of it below 64 and from 160 pixels on.
  public static func usualResize(_ size: Int) -> Int {
    (64..<160).contains(size) ? size * 5 / 4 : (size * 8 + 3) / 7
  }
}

extension Registry {
  /// The same with one more way of cutting.
  public func adding(crop: any Cropping.Type) -> Registry { adding(crop, to: CropKind.self) }
}
