import Foundation
import FunMatchTestSupport
import Testing

/// Weights travel to timm and back, where a Python with timm is at hand: that of `make bench`, or the
/// one that FUNMATCH_PYTHON names.
struct TimmTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let python: String? = {
    let own = package.appendingPathComponent(".deps/peers/bin/python").path
    let named = ProcessInfo.processInfo.environment["FUNMATCH_PYTHON"]
    return [named, own].compactMap { $0 }.first(where: FileManager.default.isExecutableFile)
  }()

  @Test(.enabled(if: python != nil, "no Python with timm"))
  func weightsTravelToTimmAndBack() throws {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = [
      Self.package.appendingPathComponent("Scripts/check_timm.py").path, Tool.path,
    ]
    _ = try folder.write("out", [])
    process.standardOutput = FileHandle(forWritingAtPath: folder.file("out"))
    try process.run()
    process.waitUntilExit()
    let output = String(decoding: try folder.bytes("out"), as: UTF8.self)
    #expect(process.terminationStatus == 0, "\(output)")
  }
}
