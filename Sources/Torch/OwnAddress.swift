import Foundation

/// This machine's address on the way to another one. The address of its own name will not do: many machines have
/// 127.0.1.1 for that, where nobody else finds them.
enum OwnAddress {
  /// Numeric, of the network through which `host` is reached; `nil` where it cannot be told.
  static func toward(_ host: String, port: Int) -> String? {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if os(Linux)
      hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    #else
      hints.ai_socktype = SOCK_DGRAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return nil }
    defer { freeaddrinfo(list) }
    var next = list
    while let entry = next?.pointee {
      if let address = local(entry) { return address }
      next = entry.ai_next
    }
    return nil
  }

  /// Connecting a socket of this kind sends nothing, but settles the address that it would send from.
  private static func local(_ entry: addrinfo) -> String? {
    let descriptor = socket(entry.ai_family, entry.ai_socktype, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 else { return nil }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard getsockname(descriptor, address, &length) == 0 else { return nil }
        return name(address, length)
      }
    }
  }

  /// The first address of this machine that others can reach; `nil` where there is none.
  static var reachable: String? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET,
        let name = name(address, socklen_t(MemoryLayout<sockaddr_in>.size)), !isLoopback(name)
      else { continue }
      return name
    }
    return nil
  }

  /// Whether only this machine has such an address.
  static func isLoopback(_ address: String) -> Bool {
    address.hasPrefix("127.") || address == "::1"
  }

  private static func name(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var text = [CChar](repeating: 0, count: 128)
    guard
      getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
