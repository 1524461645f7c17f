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

  /// Messages that the page explains are still those of the program.
  @Test func messagesAreThoseOfTheProgram() throws {
    let page = try String(
      contentsOfFile: Self.package + "/docs/troubleshooting.md", encoding: .utf8)
    let sources = Self.package + "/Sources"
    let texts = try FileManager.default.subpathsOfDirectory(atPath: sources)
      .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".c") }
      .map { try String(contentsOfFile: "\(sources)/\($0)", encoding: .utf8) }
    // A sentence may go on in the next line.
    let all = texts.joined().replacing(/"\s*\n\s*\+ "/, with: "")
    let messages = page.matches(of: /\n\| `([^`]+)` \|/).map { String($0.1) }
    #expect(messages.count > 30)
    for message in messages { #expect(all.contains(message), "\(message)") }
  }
}
