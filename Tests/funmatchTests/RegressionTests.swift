import Foundation
import FunMatchReaders
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Files that crashed a reader once, each found by `make fuzz` or made when its fault was seen: `Tests/Regressions/<reader>`.
@Suite struct RegressionTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Regressions").path

  /// Readers that have any, and where they lie.
  private static let files: [(reader: FuzzedReader, path: String)] = FuzzedReader.allCases.flatMap {
    reader in
    let place = "\(folder)/\(reader.rawValue)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    return names.sorted().map { (reader, "\(place)/\($0)") }
  }

  @Test func everyFolderIsThatOfAReader() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(Set(names).isSubset(of: Set(FuzzedReader.allCases.map(\.rawValue))))
    #expect(!Self.files.isEmpty)
  }

  @Test func areReadOrRefused() async {
    // In a process of its own: what goes wrong ends it, and its last line tells where.
    let observed: [any PartialKeyPath<ExitTest.Result> & Sendable] = [\.standardErrorContent]
    let result = await #expect(processExitsWith: .success, observing: observed) {
      Torch.threads = 1
      let folder = try TemporaryFolder()
      for (reader, path) in Self.files {
        try FileHandle.standardError.write(contentsOf: Data("\(path)\n".utf8))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        _ = bytes.withUnsafeBytes { reader.read($0, in: folder.path) }
      }
    }
    let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.last.map(String.init) == Self.files.last?.path)
  }
}
