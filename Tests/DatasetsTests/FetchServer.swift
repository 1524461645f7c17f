import Foundation
import FunMatchTestSupport
import Testing

/// A folder that is served over HTTP while this lives.
final class Server {
  private let folder: TemporaryFolder
  private let process = Process()
  private let input = Pipe()
  let address: String

  convenience init(_ options: String...) throws { try self.init(options: options) }

  init(options: [String]) throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("files"), withIntermediateDirectories: true)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/server.py").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder.file("files"), folder.file("log")] + options
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    address = "http://127.0.0.1:\(port)"
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.terminate()
  }

  /// Serves bytes under a name.
  func serve(_ bytes: [UInt8], as name: String) throws {
    _ = try folder.write("files/" + name, bytes)
  }

  /// Serves a name no longer.
  func forget(_ name: String) throws {
    try FileManager.default.removeItem(atPath: folder.file("files/" + name))
  }

  /// Ends it.
  func stop() {
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(1000) }
  }

  /// The requests so far, each the path and the range, `-` for none.
  var requests: [String] {
    let log = (try? folder.bytes("log")) ?? []
    return String(decoding: log, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// Archives in the tar format, whatever their names are.
enum Tarball {
  /// An archive of files, after a symbolic link if one is given.
  static func bytes(
    _ files: [(path: String, content: [UInt8])], after link: (path: String, target: String)? = nil
  ) -> [UInt8] {
    let first = link.map { header($0.path, size: 0, kind: "2", target: $0.target) } ?? []
    let rest = files.flatMap { file in
      header(file.path, size: file.content.count, kind: "0") + file.content
        + [UInt8](repeating: 0, count: (512 - file.content.count % 512) % 512)
    }
    return first + rest + [UInt8](repeating: 0, count: 1024)
  }

  private static func header(
    _ path: String, size: Int, kind: String, target: String = ""
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      block.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }
    put(path, at: 0)
    put("0000644", at: 100)
    put(String(size, radix: 8), at: 124)
    put("        " + kind + target, at: 148)
    put("ustar", at: 257)
    put(String(block.reduce(0) { $0 + Int($1) }, radix: 8), at: 148)
    return block
  }
}
