import Foundation
import FunMatchFiles

/// A server with models in the layout of Hugging Face's Hub.
package final class HubServer {
  package let server: FileServer

  /// - Parameter options: faults, as those of `FileServer`.
  package convenience init(_ options: String...) throws { try self.init(options: options) }

  package init(options: [String]) throws {
    server = try FileServer(options: ["--tree"] + options)
  }

  /// What is published without saying of which commit.
  package static let commit = "1111111111111111111111111111111111111111"

  /// The variables with which it is found, and with which a cache and a token of this machine are not.
  package var environment: [String: String] {
    [
      "HF_ENDPOINT": server.address + "/", "HF_HUB_CACHE": "/nowhere", "HF_TOKEN": "",
      "HUGGING_FACE_HUB_TOKEN": "", "HF_TOKEN_PATH": "/nowhere",
    ]
  }

  /// Publishes a model.
  ///
  /// - Parameters:
  ///   - files: by name; those of weights are told with their SHA-256.
  ///   - listed: sizes and contents that are told in place of the files'.
  ///   - revision: the branch that is moved to the commit.
  package func publish(
    _ model: String, _ files: [String: [UInt8]], listed: [String: [UInt8]] = [:],
    commit: String = HubServer.commit, revision: String = "main",
    gated: Bool = false
  ) throws {
    let entries = files.merging(listed) { $1 }.sorted { $0.key < $1.key }.map { name, bytes in
      let isText = name.hasSuffix(".json") || name.hasSuffix(".md")
      let large = #", "lfs": {"sha256": "\#(Checksum.sha256(of: bytes))", "size": 1}"#
      return #"{"rfilename": "\#(name)", "size": \#(bytes.count)\#(isText ? "" : large)}"#
    }
    let listing = """
      {"id": "\(model)", "sha": "\(commit)", "gated": \(gated ? "\"auto\"" : "false"),
       "siblings": [\(entries.joined(separator: ", "))]}
      """
    try server.serve(Array(listing.utf8), as: "api/models/\(model)/revision/\(revision)")
    for (name, bytes) in files {
      try server.serve(bytes, as: "\(model)/resolve/\(commit)/\(name)")
    }
  }

  /// Requests of this file so far.
  package func requests(of name: String) -> [String] {
    server.requests.filter { $0.contains("/\(name) ") || $0.contains("/\(name)?") }
  }
}
