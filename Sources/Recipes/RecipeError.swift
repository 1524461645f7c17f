/// A recipe or a study cannot be run as it is.
public struct RecipeError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file or the key and what was expected.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}
