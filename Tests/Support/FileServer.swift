import Foundation
import FunMatchTorch

/// A folder that is served over HTTP while this lives.
package final class FileServer {
  private let folder: TemporaryFolder
  private let process = Process()
  private let input = Pipe()
  package let address: String

  package convenience init(_ options: String...) throws { try self.init(options: options) }

  package init(options: [String]) throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("files"), withIntermediateDirectories: true)
    let script = Python.scripts.appendingPathComponent("../DatasetsTests/Fixtures/server.py").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder.file("files"), folder.file("log")] + options
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TorchError("the server of the tests says '\(line)', expected its port")
    }
    address = (options.contains("--tls") ? "https" : "http") + "://127.0.0.1:\(port)"
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.terminate()
  }

  /// Serves bytes under a name, which may be a path.
  package func serve(_ bytes: [UInt8], as name: String) throws {
    let above = (folder.file("files/" + name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
    _ = try folder.write("files/" + name, bytes)
  }

  /// Serves a name no longer.
  package func forget(_ name: String) throws {
    try FileManager.default.removeItem(atPath: folder.file("files/" + name))
  }

  /// Ends it.
  package func stop() {
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(1000) }
  }

  /// The requests so far, each the path and the range, `-` for none, and `bearer` where one came with a token.
  package var requests: [String] {
    let log = (try? folder.bytes("log")) ?? []
    return String(decoding: log, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
