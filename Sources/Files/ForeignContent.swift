/// What often lies under a file's name in its place: what a server, a network that wants a log-in, or a repository that was
/// cloned without its large files left there.
package enum ForeignContent: Equatable, Sendable {
  /// No bytes at all.
  case nothing
  /// The few lines that Git keeps of a file that Git LFS has.
  case lfsPointer
  /// HTML.
  case webPage
  /// XML, or JSON that begins with an error.
  case message(format: String)

  /// So many bytes of a file are enough to tell.
  package static let beginningSize = 1024

  /// What a file is by its first bytes; `nil` when it may well be what its name says.
  ///
  /// - Parameter beginning: the first `beginningSize` bytes, or all of a file that has fewer.
  package init?(beginning: some Collection<UInt8>) {
    guard !beginning.isEmpty else {
      self = .nothing
      return
    }
    // All that is looked for is text, and nothing that is expected in its place is.
    guard !beginning.contains(0) else { return nil }
    let text = String(decoding: beginning, as: UTF8.self).trimmingPrefix("\u{feff}")
      .drop(while: \.isWhitespace).lowercased()
    if text.hasPrefix("version https://git-lfs.github.com/spec/") {
      self = .lfsPointer
    } else if text.hasPrefix("<!doctype html") || (text.hasPrefix("<") && text.contains("<html")) {
      self = .webPage
    } else if text.hasPrefix("<?xml") || text.hasPrefix("<error") {
      self = .message(format: "XML")
    } else if Self.isError(json: text) {
      self = .message(format: "JSON")
    } else {
      return nil
    }
  }

  /// The same of a file; `nil` when it cannot be read, too.
  package init?(path: String) {
    guard let file = try? InputFile(path), let found = try? Self(file) else { return nil }
    self = found
  }

  private init?(_ file: InputFile) throws {
    self.init(beginning: try file.read(at: 0, count: min(file.size, Self.beginningSize)))
  }

  /// Makes sure that a file is none of these.
  ///
  /// - Throws: `FileError` that names the file and what it is.
  package static func refuse(_ file: InputFile) throws {
    if let found = try Self(file) { throw FileError("'\(file.path)' \(found.words)") }
  }

  /// What it is and what helps, to follow the name of a file.
  package var words: String {
    switch self {
    case .nothing: "is empty, as a download that failed leaves it; fetch it again"
    case .lfsPointer:
      "is a Git LFS pointer, not the file itself: `git lfs pull` in its repository brings that"
    case .webPage:
      "is a web page (HTML), such as a log-in or error page, not the file itself; fetch it again"
    case .message(let format):
      "is a document in \(format), such as a server's message of an error, not the file itself; fetch it again"
    }
  }

  private static func isError(json text: String) -> Bool {
    guard text.first == "{" else { return false }
    let rest = text.dropFirst().drop(while: \.isWhitespace)
    guard rest.first == "\"" else { return false }
    let keys = ["error", "errors", "message", "detail", "code", "status", "statuscode"]
    return keys.contains(String(rest.dropFirst().prefix { $0 != "\"" }))
  }
}
