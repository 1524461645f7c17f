/// A data set is missing, damaged or not laid out as it should be.
public struct DatasetError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file or the split and what was expected.
  public let description: String
  /// Whether there is nothing at all of the data set, rather than something wrong with it.
  public let isAbsence: Bool

  /// An error with this sentence.
  public init(_ description: String, isAbsence: Bool = false) {
    self.description = description
    self.isAbsence = isAbsence
  }
}
