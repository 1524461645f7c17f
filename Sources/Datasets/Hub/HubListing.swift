import Foundation
import FunMatchFiles

/// What the Hub says of a model at a revision.
///
/// Source: huggingface.co/docs/hub/api, `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`.
struct HubListing: Decodable {
  /// A file and, where it is a large one, its SHA-256.
  struct File: Decodable {
    struct Large: Decodable {
      let sha256: String
    }

    let rfilename: String
    let size: Int?
    let lfs: Large?
  }

  /// `false`, or how access to it is granted.
  private enum Gate: Decodable {
    case open, gated

    init(from decoder: any Decoder) throws {
      self = (try? Bool(from: decoder)) == false ? .open : .gated
    }
  }

  /// The commit.
  let sha: String
  private let siblings: [File]
  private let gated: Gate?

  /// Whether its terms have to be accepted first.
  var isGated: Bool { gated == .gated }

  /// All names.
  var names: [String] { siblings.map(\.rfilename) }

  /// Reads the answer of a server.
  ///
  /// - Throws: `DatasetError` when it is another; `address` names it.
  init(_ data: Data, address: String) throws {
    guard let listing = try? JSONDecoder().decode(Self.self, from: data),
      HubReference.isName(listing.sha)
    else {
      let foreign = ForeignContent(beginning: data.prefix(ForeignContent.beginningSize))
      throw DatasetError(
        "\(WebAddress.printable(address)): gave what "
          + (foreign?.words ?? "is no list of a model's files"))
    }
    self = listing
  }

  /// A file as it is fetched; `nil` where there is none of this name.
  ///
  /// - Parameter base: the address that its name follows.
  func file(_ name: String, at base: String) -> DatasetSource.File? {
    siblings.first { $0.rfilename == name }.map { file in
      DatasetSource.File(
        base + name, size: file.size, sha256: file.lfs.map { $0.sha256.lowercased() })
    }
  }
}
