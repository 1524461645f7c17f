import Foundation
import Testing

/// Files that the documentation names are there.
struct DocumentationTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  private static let pages =
    ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
    + ((try? FileManager.default.contentsOfDirectory(atPath: package + "/docs")) ?? [])
    .filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }

  @Test(arguments: pages) func namesLeadSomewhere(_ page: String) throws {
    let text = try String(contentsOfFile: "\(Self.package)/\(page)", encoding: .utf8)
    func isThere(_ path: String) -> Bool {
      FileManager.default.fileExists(atPath: "\(Self.package)/\(path)")
    }
    let folders = /`((?:Sources|Tests|Scripts|Recipes|Studies|Examples|Benchmarks|docs)\/[^`*\s]+)`/
    for match in text.matches(of: folders) where !match.1.contains("NAME") {
      #expect(isThere(String(match.1)), "\(page): \(match.1)")
    }
    let folder = page.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    for match in text.matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/) {
      #expect(isThere(folder + match.1), "\(page): \(match.1)")
    }
  }
}
