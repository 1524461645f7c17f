import Foundation

/// TensorBoard's own reader of event files, where a Python with it is at hand: the one that `make
/// test` fetches, or the one that FUNMATCH_PYTHON names.
public enum TensorBoard {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  /// The Python.
  public static let python: String? = {
    let own = folder.appendingPathComponent("../../.deps/tensorboard/bin/python").path
    let named = ProcessInfo.processInfo.environment["FUNMATCH_PYTHON"]
    // FUNMATCH_PYTHON may be there for timm's sake alone.
    return [named, own].compactMap { $0 }.first {
      (try? run($0, ["-c", "import tensorboard"]).status) == 0
    }
  }()

  /// All points by tag, as TensorBoard shows them: step, value, wall time. `nil` when it fails.
  public static func series(_ folder: String) throws -> [String: [[Double]]]? {
    let script = Self.folder.appendingPathComponent("read_events.py").path
    guard let python, case (0, let output) = try run(python, [script, folder]) else { return nil }
    return try JSONDecoder().decode([String: [[Double]]].self, from: output)
  }

  private static func run(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, output: Data
  ) {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle(forWritingAtPath: try folder.write("out", []))
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, Data(try folder.bytes("out")))
  }
}
