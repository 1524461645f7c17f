/// How recipes and commands name images: `fashion-mnist:train`, `fashion-mnist:train[:90%]`.
public struct DatasetReference: Sendable, Equatable, Codable, CustomStringConvertible {
  /// The data set's name in the registry.
  public let name: String
  /// The split, such as `train`; `nil` for the data set's own choice.
  public let split: String?
  /// What follows the split in brackets, without them.
  public let slice: String?

  /// Parses a reference.
  ///
  /// - Throws: `DatasetError` when it cannot be one.
  public init(_ text: String) throws {
    let pattern = /([A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+)(?:\[([^\]]*)\])?)?/
    guard let match = text.wholeMatch(of: pattern) else {
      throw DatasetError(
        "'\(text)' does not name a data set; expected NAME:SPLIT or NAME:SPLIT[FROM:TO]")
    }
    name = String(match.1)
    split = match.2.map(String.init)
    slice = match.3.map(String.init)
    if let slice { _ = try Slice(slice) }
  }

  /// The reference as it is written.
  public var description: String {
    name + (split.map { ":" + $0 } ?? "") + (slice.map { "[\($0)]" } ?? "")
  }

  /// Decodes the text form.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    do {
      try self.init(value.decode(String.self))
    } catch let error as DatasetError {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: error.description)
    }
  }

  /// Encodes the text form.
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(description)
  }
}
