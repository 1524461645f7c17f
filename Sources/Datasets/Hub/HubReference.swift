/// A model on Hugging Face's Hub: `hf:OWNER/NAME`, or `hf:OWNER/NAME@REVISION`; also after `hf-hub:` or `hf_hub:`, as timm
/// writes it.
public struct HubReference: Sendable, Equatable, CustomStringConvertible {
  /// Who it belongs to.
  public let owner: String
  /// What it is called there.
  public let name: String
  /// A branch, a tag or a commit; `nil` for the branch `main`.
  public let revision: String?

  /// The first is ours.
  private static let schemes = ["hf:", "hf-hub:", "hf_hub:"]

  /// Whether a text is meant as one rather than as a path.
  public static func isMeant(by text: String) -> Bool { schemes.contains(where: text.hasPrefix) }

  /// Reads `hf:OWNER/NAME[@REVISION]`, or the same in timm's spelling.
  ///
  /// - Throws: `DatasetError` when it is another form, or names a data set.
  public init(_ text: String) throws {
    func refused(_ words: String) -> DatasetError {
      DatasetError("'\(text)': expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION\(words)")
    }
    guard let scheme = Self.schemes.first(where: text.hasPrefix) else { throw refused("") }
    let parts = text.dropFirst(scheme.count).split(
      separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    if names.count == 3, ["datasets", "spaces"].contains(names[0]) {
      throw refused(
        " of a model: data sets and spaces are not read from there; images are opened as folder:, tar: or by a name of `funmatch data list`"
      )
    }
    guard names.count == 2, names.allSatisfy(Self.isName) else { throw refused("") }
    (owner, name) = (String(names[0]), String(names[1]))
    revision = parts.count == 2 ? String(parts[1]) : nil
    if let revision {
      let pieces = revision.split(separator: "/", omittingEmptySubsequences: false)
      guard pieces.allSatisfy(Self.isName) else {
        throw refused(", where REVISION is a branch, a tag or a commit")
      }
    }
  }

  /// `hf:OWNER/NAME[@REVISION]`.
  public var description: String {
    Self.schemes[0] + owner + "/" + name + (revision.map { "@" + $0 } ?? "")
  }

  /// The folder that its files are kept in, among other weights.
  var folderName: String {
    owner + "--" + name
      + (revision.map { "@" + $0.split(separator: "/").joined(separator: "--") } ?? "")
  }

  /// Whether a name can be part of a path and of an address as it is, and stays where it is put.
  static func isName(_ name: some StringProtocol) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else {
      return false
    }
    return name.utf8.allSatisfy { byte in
      switch UnicodeScalar(byte) {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
      default: false
      }
    }
  }
}
