/// Views that cannot be drawn as asked for.
public struct ViewError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the key and what was expected.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}
