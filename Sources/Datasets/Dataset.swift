import FunMatchImages

/// Images in a fixed order, with labels where they are known. Can be used from any thread.
public protocol Dataset: Sendable {
  /// Number of images.
  var count: Int { get }
  /// Names of the classes by label; empty when the images have no labels.
  var classNames: [String] { get }
  /// Whether nobody named the classes, so that their names are made up from the labels and say
  /// nothing.
  var classNamesAreNumbers: Bool { get }
  /// Runs of neighbouring images that lie one behind the other in a file and are best read in that
  /// order; empty where any order is as good as another.
  var shards: [Range<Int>] { get }
  /// What deserves to be known of it, a line each: files that nothing reads, classes without images.
  var remarks: [String] { get }
  /// Told before images of one of `shards` are read, in whatever order, so that the disk can be asked
  /// for all of them at once.
  func willRead(_ images: Range<Int>)
  /// What errors and previews call the image at `index`: its path, or its archive's path and its
  /// name therein.
  func name(at index: Int) -> String
  /// The same without where the data set lies: the path from its folder on, or the name in its archive.
  func localName(at index: Int) -> String
  /// The class of the image at `index`; `nil` when nobody labelled it.
  func label(at index: Int) -> Int?
  /// Makes the image at `index`, in 0 ..< `count`, the one that `reader` holds. Pixels are not
  /// decoded yet.
  ///
  /// - Throws: `ImageError` when it cannot be read.
  func open(_ index: Int, with reader: ImageReader) throws
  /// How many bytes the image at `index` takes as an image file, found without reading it; `nil`
  /// when the data set holds its pixels in memory.
  func encodedSize(at index: Int) -> Int?
}

extension Dataset {
  /// Does nothing.
  public func willRead(_ images: Range<Int>) {}

  /// No: the names are given.
  public var classNamesAreNumbers: Bool { false }

  /// None.
  public var shards: [Range<Int>] { [] }

  /// Nothing.
  public var remarks: [String] { [] }

  /// What follows the last slash of the name.
  public func localName(at index: Int) -> String {
    name(at: index).split(separator: "/").last.map(String.init) ?? ""
  }

  /// `nil`.
  public func encodedSize(at index: Int) -> Int? { nil }

  /// Opens the image at `index` and does something with it; errors name the image.
  ///
  /// - Throws: what `body` throws, or `ImageError` when the image cannot be read or decoded.
  public func read<Result>(
    _ index: Int, with reader: ImageReader, _ body: (ImageReader) throws -> Result
  ) throws -> Result {
    do {
      try open(index, with: reader)
      return try body(reader)
    } catch var error as ImageError where error.file == nil {
      error.file = name(at: index)
      throw error
    }
  }

  /// The whole image at `index`, decoded. A loop over many images is faster with one reader.
  ///
  /// - Throws: `ImageError` when it cannot be read or decoded.
  public func image(at index: Int, decoder: ImageDecoder = ImageDecoder()) throws -> PixelImage {
    try read(index, with: ImageReader(decoder)) { try $0.image() }
  }
}
