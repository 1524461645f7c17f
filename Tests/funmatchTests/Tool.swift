import Foundation
import FunMatchTestSupport
import Testing

/// The real binary, run as a user runs it.
struct Tool {
  /// What a call left behind.
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Beside the test bundle in the build folder.
  static let path: String = {
    let own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return own.appendingPathComponent("funmatch").path
  }()

  /// Starts the tool; its output goes to files in `folder`, and so does what it keeps for later.
  ///
  /// - Parameters:
  ///   - environment: more than this process has.
  ///   - stream: what its files of output are called.
  ///   - input: what it reads; nothing without it.
  ///   - output: where its results go, if not to a file.
  ///   - errors: where all else goes, if not to a file.
  static func start(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:],
    stream: String = "stream", input: FileHandle = .nullDevice, output: FileHandle? = nil,
    errors: FileHandle? = nil
  ) throws -> Process {
    try #require(FileManager.default.isExecutableFile(atPath: path), "no tool at \(path)")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["FUNMATCH_CACHE": folder.file("kept")]) { $1 }.merging(environment) { $1 }
    for (name, key) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
      _ = try folder.write("\(stream)-\(name)", [])
      process[keyPath: key] = FileHandle(forWritingAtPath: folder.file("\(stream)-\(name)"))
    }
    process.standardInput = input
    if let output { process.standardOutput = output }
    if let errors { process.standardError = errors }
    try process.run()
    return process
  }

  /// Runs the tool to its end.
  static func run(_ arguments: String..., in folder: TemporaryFolder) throws -> Result {
    try run(arguments, in: folder)
  }

  /// Runs the tool to its end.
  static func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Result {
    try result(of: start(arguments, in: folder), in: folder)
  }

  /// Runs the tool once for each of some calls, a few at a time, to the ends of all.
  ///
  /// - Returns: what each left behind, in their order.
  static func runAll(_ calls: [[String]], in folder: TemporaryFolder) throws -> [Result] {
    let atOnce = min(4, max(2, ProcessInfo.processInfo.activeProcessorCount))
    return try stride(from: 0, to: calls.count, by: atOnce).flatMap { first in
      let numbers = first..<min(first + atOnce, calls.count)
      let processes = try numbers.map {
        try start(calls[$0], in: folder, stream: "stream\($0)")
      }
      return try zip(numbers, processes).map {
        try result(of: $1, in: folder, stream: "stream\($0)")
      }
    }
  }

  /// What a call left behind, once it has ended.
  static func result(
    of process: Process, in folder: TemporaryFolder, stream: String = "stream"
  ) throws -> Result {
    process.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(decoding: try folder.bytes("\(stream)-\(name)"), as: UTF8.self)
    }
    return Result(
      status: process.terminationStatus, output: try text("out"), errors: try text("err"))
  }
}
