import Foundation
import FunMatchFiles

/// What the variables of Hugging Face's own programs say.
///
/// Source: huggingface.co/docs/huggingface_hub/package_reference/environment_variables.
struct HubSettings {
  /// The server's address without a slash at its end: `HF_ENDPOINT`, else Hugging Face's.
  let endpoint: String
  /// `HF_TOKEN`, where it can be sent without others reading it.
  let token: String?
  /// Whether nothing may be fetched: `HF_HUB_OFFLINE`.
  let isOffline: Bool
  /// Where Hugging Face's programs keep what they fetch: `HF_HUB_CACHE`, else `hub` in `HF_HOME`.
  let cache: String

  /// - Throws: `DatasetError` when the server's address is none, or the token has characters that no token has.
  init(_ environment: [String: String]) throws {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let named = value("HF_ENDPOINT") ?? "https://huggingface.co"
    endpoint = String(named.reversed().drop { $0 == "/" }.reversed())
    guard HTTPClient.isAddress(endpoint) else {
      throw DatasetError(
        "HF_ENDPOINT is '\(WebAddress.printable(named))', expected an address such as https://huggingface.co"
      )
    }
    let server = endpoint.lowercased().drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }
    let isOwn = ["localhost", "127.0.0.1", "[::1]"].contains { host in
      server == host || server.hasPrefix(host + ":")
    }
    let token = value("HF_TOKEN")?.trimmingCharacters(in: .whitespacesAndNewlines)
    if let token {
      guard !token.isEmpty, token.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Self.isWord($0) })
      else {
        throw DatasetError("HF_TOKEN is no token: it has other characters than a-z, 0-9, _ and -")
      }
    }
    self.token = endpoint.lowercased().hasPrefix("https:") || isOwn ? token : nil
    isOffline = ["1", "on", "yes", "true"].contains(value("HF_HUB_OFFLINE")?.lowercased())
    let home =
      value("HF_HOME").map(HomeFolder.expanded)
      ?? (value("XDG_CACHE_HOME") ?? HomeFolder.path + "/.cache") + "/huggingface"
    cache = value("HF_HUB_CACHE").map(HomeFolder.expanded) ?? home + "/hub"
  }

  /// The server, for sentences.
  var server: String {
    let address = WebAddress.printable(endpoint)
    return address.hasPrefix("https://") ? String(address.dropFirst(8)) : address
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch UnicodeScalar(byte) {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }
}
