/// A run cannot start, go on or be reported.
public struct ExperimentError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file or the key and what was expected.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}
