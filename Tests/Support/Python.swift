import Foundation

/// Running the Python programs that tests compare with.
package enum Python {
  /// The folder of this file, with the scripts.
  static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  /// The first Python with which `arguments` succeed: the one that FUNMATCH_PYTHON names, or the
  /// one that `make test` fetches into `.deps/<environment>`.
  static func first(with arguments: [String], environment: String) -> String? {
    let own = scripts.appendingPathComponent("../../.deps/\(environment)/bin/python").path
    let named = ProcessInfo.processInfo.environment["FUNMATCH_PYTHON"]
    return [named, own].compactMap { $0 }.first { (try? run($0, arguments).status) == 0 }
  }

  /// Runs a program to its end.
  package static func run(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, output: Data, errors: Data
  ) {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle(forWritingAtPath: try folder.write("out", []))
    process.standardError = FileHandle(forWritingAtPath: try folder.write("errors", []))
    try process.run()
    process.waitUntilExit()
    return (
      process.terminationStatus, Data(try folder.bytes("out")), Data(try folder.bytes("errors"))
    )
  }
}
