import Foundation
import FunMatchFiles

/// What the variables of Hugging Face's own programs say.
///
/// Source: huggingface.co/docs/huggingface_hub/package_reference/environment_variables.
struct HubSettings {
  /// The server's address without a slash at its end: `HF_ENDPOINT`, else Hugging Face's.
  let endpoint: String
  /// What it is shown.
  let token: HubToken
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
    isOffline = Self.isTrue(value("HF_HUB_OFFLINE"))
    let home = HomeFolder.expanded(
      value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "~/.cache") + "/huggingface")
    token = try HubToken(
      environment, home: home, isSafe: endpoint.lowercased().hasPrefix("https:") || isOwn)
    cache = value("HF_HUB_CACHE").map(HomeFolder.expanded) ?? home + "/hub"
  }

  /// The server, for sentences.
  var server: String {
    let address = WebAddress.printable(endpoint)
    return address.hasPrefix("https://") ? String(address.dropFirst(8)) : address
  }

  /// What Hugging Face's programs take for yes.
  static func isTrue(_ value: String?) -> Bool {
    ["1", "on", "yes", "true"].contains(value?.lowercased())
  }
}
