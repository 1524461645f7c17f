import Foundation
import FunMatchTestSupport
import Testing

#if os(Linux)
  /// A gnuplot that hangs while a signal comes.
  @Suite(.serialized) struct HangingProgramTests {
    private let run: SmallRun
    /// One with the number of gnuplot's process, and one that it makes if nobody ends it.
    private let (began, over): (String, String)

    init() throws {
      run = try SmallRun()
      (began, over) = (run.folder.file("began"), run.folder.file("over"))
      let script = """
        #!/bin/sh
        printf '<svg' >"${2%.gnuplot}.svg"
        echo $$ >'\(began)'
        for turn in $(seq 200); do sleep 0.1; done
        echo >'\(over)'
        """
      let program = run.folder.file("bin/gnuplot")
      try FileManager.default.createDirectory(
        atPath: run.folder.file("bin"), withIntermediateDirectories: true)
      _ = try run.folder.write("bin/gnuplot", Array(script.utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    }

    /// Sends a signal to a call of the tool once gnuplot hangs.
    private func stopped(_ arguments: [String], by signal: Int32) throws -> Tool.Result {
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let process = try Tool.start(
        arguments, in: run.folder, environment: ["PATH": "\(run.folder.file("bin")):\(path)"])
      var pid: Int32?
      while process.isRunning, pid == nil {
        let text = FileManager.default.contents(atPath: began) ?? Data()
        pid = String(decoding: text, as: UTF8.self).split(separator: "\n").first.flatMap {
          Int32($0)
        }
        usleep(5000)
      }
      kill(process.processIdentifier, signal)
      let result = try Tool.result(of: process, in: run.folder)
      #expect(process.terminationReason == .uncaughtSignal && result.status == signal)
      #expect(!FileManager.default.fileExists(atPath: over))
      #expect(kill(try #require(pid), 0) != 0)
      return result
    }

    private func files(_ folder: String) throws -> [String] {
      try FileManager.default.subpathsOfDirectory(atPath: run.folder.file(folder))
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalEndsAReport(signal: Int32) throws {
      let whole = try run.train(under: ":", "out", "--threads", "1")
      try #require(whole.status == 0, "\(whole.errors)")
      let result = try stopped(
        ["report", run.folder.file("out"), "--output", run.folder.file("page")], by: signal)
      #expect(result.output.isEmpty)
      let left = try files("page")
      #expect(
        !left.contains { [".svg", ".tmp", ".html"].contains(where: $0.hasSuffix) }, "\(left)")
    }

    @Test func aSignalEndsARunWhoseStudentIsThere() throws {
      let result = try stopped(
        [
          "train", run.folder.file("r.yaml"), "--output", run.folder.file("out"), "--device", "cpu",
          "--threads", "1", "--data-dir", run.folder.path,
        ], by: SIGTERM)
      #expect(result.errors.contains("there is no report"), "\(result.errors)")
      let left = try files("out")
      #expect(left.contains("student.safetensors") && left.contains("result.json"))
      #expect(!left.contains { $0.hasSuffix(".svg") || $0.hasSuffix(".tmp") }, "\(left)")
    }
  }
#endif
