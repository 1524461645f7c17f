/// Addresses as people are shown them.
enum WebAddress {
  /// An address without what may be secret in it: a name and password before the server's, and what follows a question mark,
  /// such as a signature. What is no address stays as it is.
  static func printable(_ address: String) -> String {
    guard let scheme = address.range(of: "://") else { return address }
    let rest = address[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
    let server = rest.prefix { $0 != "/" }
    let bare = server.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
    return String(address[..<scheme.upperBound] + bare)
  }
}
