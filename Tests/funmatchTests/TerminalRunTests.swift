import Foundation
import FunMatchTestSupport
import Testing

/// What runs and predictions show on a terminal, by the real binary.
struct TerminalRunTests {
  private func shown(
    _ arguments: [String], in folder: TemporaryFolder, columns: Int,
    environment: [String: String] = [:], output: Bool = false
  ) throws -> (text: String, status: Int32) {
    let window = try PseudoTerminal(columns: columns)
    let handle = FileHandle(fileDescriptor: window.descriptor, closeOnDealloc: false)
    let usual = ["TERM": "xterm", "NO_COLOR": "", "COLUMNS": "", "LINES": ""]
    let process = try Tool.start(
      arguments, in: folder, environment: usual.merging(environment) { $1 },
      output: output ? handle : nil, errors: handle)
    process.waitUntilExit()
    return (window.text(), process.terminationStatus)
  }

  /// Of steps only the last is left where it was.
  @Test(arguments: [80, 40])
  func aRunHasOneLiveRow(columns: Int) throws {
    let run = try FashionRun(steps: 60)
    let (text, status) = try shown(run.arguments("r"), in: run.folder, columns: columns)
    #expect(status == 0, "\(text)")
    #expect(text.contains("\u{1B}[K"))
    let rows = PseudoTerminal.rows(of: text, columns: columns)
    let live = rows.filter { $0.contains(/^step \d+\/60/) }
    #expect(live.count == 1 && live[0].hasPrefix("step 60/60"), "\(live)")
  }

  @Test(arguments: [["TERM": "dumb"], ["NO_COLOR": "1"], ["TERM": ""]])
  func thereAreRunsWithoutEscapes(environment: [String: String]) throws {
    let run = try FashionRun(steps: 12)
    let (text, status) = try shown(
      run.arguments("r"), in: run.folder, columns: 80, environment: environment)
    #expect(status == 0 && !text.contains("\u{1B}"))
    #expect(text.contains("step 12/12"))
  }

  /// Whoever has the results in a file sees how far they are; results on the same screen show it themselves.
  @Test(arguments: [
    (false, [:], true), (true, [:], false), (false, ["TERM": "dumb"], false),
  ])
  func predictionsAreCounted(
    resultsToo: Bool, environment: [String: String], isCounted: Bool
  ) throws {
    let run = try FashionRun(steps: 1)
    let image = run.folder.file("a.png")
    _ = try run.folder.write("a.png", photograph(height: 30, width: 30, seed: 1).pngData())
    let (text, status) = try shown(
      [
        "predict", run.folder.file("teacher.safetensors"), "--engine", "libtorch", "--threads", "1",
        image, run.folder.file("gone.png"), image,
      ], in: run.folder, columns: 200, environment: environment, output: resultsToo)
    #expect(status == 1)
    #expect(text.contains("images/s") == isCounted && text.contains("\u{1B}") == isCounted)
    let rows = PseudoTerminal.rows(of: text, columns: 200)
    #expect(rows.contains { $0.hasPrefix("funmatch: ") && $0.contains("gone.png: cannot read") })
    #expect(rows.contains("funmatch: 1 of 3 images could not be classified"))
    // The count gives way to what is said.
    #expect(!rows.contains { $0.hasPrefix("3 images") })
    #expect(rows.contains { $0.hasSuffix("a.png") && !$0.contains("cannot") } == resultsToo)
  }
}
