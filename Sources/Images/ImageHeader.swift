/// What an image's header says, without its pixels having been decoded.
public struct ImageHeader: Sendable, Hashable {
  /// The format.
  public let format: ImageFormat
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
}
