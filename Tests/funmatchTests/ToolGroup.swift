import Foundation
import FunMatchTestSupport
import FunMatchTorch

/// Several processes of the tool that train together, started as `torchrun` starts them.
struct ToolGroup {
  let processes: [Process]
  private let folder: TemporaryFolder
  private let stream: String

  /// - Parameters:
  ///   - arguments: those of each process.
  ///   - environment: more for all of them.
  ///   - stream: what their files of output are called, beside a number.
  init(
    _ count: Int, in folder: TemporaryFolder, environment: [String: String] = [:],
    stream: String = "stream", arguments: (_ rank: Int) -> [String]
  ) throws {
    let port = try Self.freePort()
    (self.folder, self.stream) = (folder, stream)
    processes = try (0..<count).map { rank in
      let place = [
        "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "LOCAL_RANK": "\(rank)",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)", "OMP_NUM_THREADS": "1",
        "FUNMATCH_TIMEOUT": "60",
      ]
      return try Tool.start(
        arguments(rank), in: folder, environment: place.merging(environment) { $1 },
        stream: "\(stream)\(rank)")
    }
  }

  /// What each of them left behind, once all have ended.
  func results() throws -> [Tool.Result] {
    try processes.enumerated().map {
      try Tool.result(of: $1, in: folder, stream: "\(stream)\($0)")
    }
  }

  /// A port of this machine that nobody uses.
  static func freePort() throws -> Int {
    #if os(Linux)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard status == 0 else { throw TorchError("no port is free") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
