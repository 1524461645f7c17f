import FunMatchFiles

/// What is noted beside the files of a model that came from the Hub: what they are.
struct HubNote: Codable {
  /// A file.
  struct File: Codable {
    let size: Int
    /// Where the Hub tells it.
    let sha256: String?
  }

  /// Owner and name.
  let model: String
  /// The commit that they are of.
  let commit: String
  /// By name.
  var files: [String: File] = [:]

  /// What it is called.
  static let name = "hub.json"

  /// `nil` where there is none in the folder.
  static func read(in folder: String) -> HubNote? { JSONText.read(folder + "/" + name) }

  /// - Throws: `FileError` when it cannot be written.
  func write(in folder: String) throws { try JSONText.write(self, to: folder + "/" + Self.name) }

  /// The first of the files that is not there, or has another size.
  func damaged(in folder: String) -> String? {
    files.sorted { $0.key < $1.key }
      .first { DatasetFetcher.size(of: folder + "/" + $0.key) != $0.value.size }?.key
  }
}
