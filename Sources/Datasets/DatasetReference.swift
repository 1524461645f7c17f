/// How recipes and commands name images: `fashion-mnist:train`, `fashion-mnist:train[:90%]`,
/// `folder:path/to/images:train`, `photos:path`, `tar:path/shard-{000..127}.tar`, `list:labels.csv?label=3:train`.
public struct DatasetReference: Sendable, Equatable, Codable, CustomStringConvertible {
  /// The data set's name in the registry, or `folder`, `photos`, `tar` or `list`.
  public let name: String
  /// Where the images of `folder`, `photos` or `tar` are, or the file of `list`; `nil` for other names.
  public let path: String?
  /// How a list is read; `nil` where nothing is said of that.
  public let query: ListQuery?
  /// The split, such as `train`; `nil` for the data set's own choice.
  public let split: String?
  /// What stands in brackets at the end, without them.
  public let slice: String?

  /// Names that a path follows.
  static let pathNames = ["folder", "photos", "tar", "list"]

  /// Parses a reference.
  ///
  /// - Throws: `DatasetError` when it cannot be one.
  public init(_ text: String) throws {
    if let name = Self.pathNames.first(where: { text == $0 || text.hasPrefix($0 + ":") }) {
      // A path may hold colons and brackets: only what can be a slice or a split is one.
      let pattern = /(.+?)(?::([A-Za-z0-9_-]+))?(?:\[([^\[\]]*[:%][^\[\]]*)\])?/
        .dotMatchesNewlines()
      guard let match = text.dropFirst(name.count + 1).wholeMatch(of: pattern) else {
        throw DatasetError("'\(text)' names no path; expected \(name):PATH")
      }
      self.name = name
      let asked =
        name == "list"
        ? match.1.wholeMatch(of: /(.+?)\?([A-Za-z]+=.*)/.dotMatchesNewlines()) : nil
      path = String(asked?.1 ?? match.1)
      query = try asked.map { try ListQuery(String($0.2)) }
      split = match.2.map(String.init)
      slice = match.3.map(String.init)
    } else {
      let pattern = /([A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?(?:\[([^\]]*)\])?/
      guard let match = text.wholeMatch(of: pattern) else {
        throw DatasetError(
          "'\(text)' does not name a data set; expected NAME:SPLIT or NAME:SPLIT[FROM:TO], or "
            + "folder:PATH, photos:PATH, tar:PATH or list:PATH")
      }
      name = String(match.1)
      path = nil
      query = nil
      split = match.2.map(String.init)
      slice = match.3.map(String.init)
    }
    if let slice { _ = try Slice(slice) }
  }

  /// The reference as it is written.
  public var description: String {
    [name, path.map { $0 + (query.map { "?\($0)" } ?? "") }, split].compactMap { $0 }
      .joined(separator: ":")
      + (slice.map { "[\($0)]" } ?? "")
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
