/// A data set is missing, damaged or not laid out as it should be.
public struct DatasetError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file or the split and what was expected.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}
