import FunMatchImages

/// Images in a fixed order, with labels where they are known. Can be read from any thread.
public protocol Dataset: Sendable {
  /// Number of images.
  var count: Int { get }
  /// Names of the classes by label; empty when the images have no labels.
  var classNames: [String] { get }
  /// The image at `index`, in 0 ..< `count`.
  ///
  /// - Throws: an error that names the file when it cannot be read or decoded.
  func image(at index: Int) throws -> PixelImage
  /// The class of the image at `index`; `nil` when nobody labelled it.
  func label(at index: Int) -> Int?
}
