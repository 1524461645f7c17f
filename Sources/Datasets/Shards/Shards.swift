/// What `tar:` names: archives as WebDataset has them, or the JSON file beside those that `funmatch data pack` wrote; on the
/// disk or on a server.
enum Shards {
  /// - Parameters:
  ///   - path: a path or an address.
  ///   - locate: tells where a path leads.
  /// - Throws: `DatasetError` when something is missing or damaged.
  static func open(_ path: String, locate: (String) throws -> String) throws -> any Dataset {
    let isAddress = HTTPClient.isAddress(path)
    let name = isAddress ? path.prefix { $0 != "?" } : path[...]
    if name.hasSuffix(".json") {
      return try PackedDataset.open(isAddress ? path : locate(path))
    }
    return try WebDataset.open(path) {
      HTTPClient.isAddress($0) ? try RemoteCache().fetch($0) : try locate($0)
    }
  }
}
