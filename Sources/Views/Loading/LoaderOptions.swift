import FunMatchImages

/// How images are read, apart from what is drawn of them. Nothing here changes a view.
public struct LoaderOptions: Sendable {
  /// Number of threads that decode and draw.
  public var workers: Int
  /// How images are decoded.
  public var decoder: ImageDecoder
  /// What is done about images that cannot be decoded, and which they were.
  public var broken: BrokenImages

  /// One worker, TensorFlow's decoding, broken images are errors.
  public init(
    workers: Int = 1, decoder: ImageDecoder = ImageDecoder(),
    broken: BrokenImages = BrokenImages(.fail)
  ) {
    self.workers = workers
    self.decoder = decoder
    self.broken = broken
  }
}
