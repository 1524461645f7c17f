import Foundation
import FunMatchTestSupport
import Testing

#if os(Linux)
  /// Some of what `make faults` tries: system calls of a run that fail, a process that is killed, a power cut.
  @Suite struct FaultTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Scripts/faults.sh").path

    @Test func aRunGoesOnAfterWhatFailed() throws {
      try expectNothingWrong("--tasks", "run", "--most", "1", "--chains", "1", "--limits", "0")
    }

    @Test func anExportIsWholeOrNotThere() throws {
      try expectNothingWrong("--tasks", "export-onnx", "--most", "1", "--limits", "1")
    }

    private func expectNothingWrong(_ options: String...) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.script)
      process.arguments = options
      process.environment = ProcessInfo.processInfo.environment.merging([
        "FUNMATCH": Tool.path
      ]) { $1 }
      let pipe = Pipe()
      (process.standardOutput, process.standardError) = (pipe, pipe)
      try process.run()
      let text = String(
        decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0 && text.contains(", 0 went wrong"), "\(text)")
    }
  }
#endif
