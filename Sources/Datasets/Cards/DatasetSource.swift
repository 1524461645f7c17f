/// Where the files of a published data set come from.
public struct DatasetSource: Sendable {
  /// A file at its official address.
  public struct File: Sendable, Equatable {
    /// The address; the file's name alone where it has to be brought by hand.
    public let address: String
    /// Its size in bytes, where it is published.
    public let size: Int?
    /// Its SHA-256 in hexadecimal digits, where it is known.
    public let sha256: String?
    /// Whether it is a tar archive that is unpacked where it lies.
    public let isArchive: Bool
    /// What an archive holds, without what its folders hold, where that is known.
    public let entries: [String]

    /// A file of this address; what is not known of it is not verified.
    public init(
      _ address: String, size: Int? = nil, sha256: String? = nil, isArchive: Bool = false,
      entries: [String] = []
    ) {
      self.address = address
      self.size = size
      self.sha256 = sha256
      self.isArchive = isArchive
      self.entries = entries
    }

    /// The last part of the address, without what follows a question mark.
    public var name: String {
      String(address.prefix { $0 != "?" }.split(separator: "/").last ?? "")
    }
  }

  /// The files, in the order in which they are fetched.
  public let files: [File]
  /// What the user must do beforehand, where the files cannot simply be fetched.
  public let terms: String?

  /// Files, and what the user must do first, in the imperative, where they cannot simply be fetched.
  public init(files: [File], terms: String? = nil) {
    self.files = files
    self.terms = terms
  }

  /// Nowhere: whoever uses it has it already.
  public static let none = DatasetSource(files: [], terms: "bring its files; no address is known")
}
