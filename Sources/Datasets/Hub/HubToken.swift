import Foundation
import FunMatchFiles

/// The token that the Hub is shown: what `HF_TOKEN` holds, else `HUGGING_FACE_HUB_TOKEN`, else the file that `hf auth login`
/// writes: `HF_TOKEN_PATH`, else `token` in `HF_HOME`.
///
/// Source: huggingface_hub `utils/_auth.py` and `constants.py`.
struct HubToken {
  /// The token, of letters, digits, `_` and `-`; `nil` where there is none, or it may not be sent.
  let text: String?
  /// What was shown, or why nothing was: the end of a sentence on what a server refused.
  let words: String

  /// Longer than any token is, and short enough for a pipe.
  private static let limit = 1000

  /// - Parameters:
  ///   - environment: the variables of the process.
  ///   - home: the folder of Hugging Face's programs.
  ///   - isSafe: whether nobody but the server can read what it is sent.
  /// - Throws: `DatasetError` when the token has characters that no token has.
  init(_ environment: [String: String], home: String, isSafe: Bool) throws {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let variables = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]
    let variable = variables.lazy.compactMap { name in value(name).map { (name, $0) } }.first
    let path = value("HF_TOKEN_PATH").map(HomeFolder.expanded) ?? home + "/token"
    let found: (place: String, text: String)?
    if let (name, text) = variable, let token = try Self.token(in: text, name) {
      found = (name, token)
    } else {
      let text: String?
      do {
        text = try Self.read(path)
      } catch let error as FileError where error.code == ENOENT || error.code == ENOTDIR {
        text = nil
      } catch {
        // A model that everybody may read needs none.
        (self.text, words) = (nil, "the file of the token cannot be read: \(error)")
        return
      }
      found = try text.flatMap { try Self.token(in: $0, path) }.map { ("the file \(path)", $0) }
    }
    guard let (place, token) = found else {
      (text, words) = (nil, "HF_TOKEN holds no token, nor does the file \(path)")
      return
    }
    if HubSettings.isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      (text, words) = (
        nil, "the token in \(place) is not shown, since HF_HUB_DISABLE_IMPLICIT_TOKEN is set"
      )
    } else if isSafe {
      (text, words) = (token, "the token in \(place) may not read it")
    } else {
      (text, words) = (
        nil, "the token in \(place) is not sent over http, where others could read it"
      )
    }
  }

  private static func read(_ path: String) throws -> String {
    let file = try InputFile(path)
    return String(decoding: try file.read(at: 0, count: min(file.size, limit + 100)), as: UTF8.self)
  }

  /// The token in a text without the blanks and line ends around it; `nil` where nothing else is there.
  private static func token(in text: String, _ place: String) throws -> String? {
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty else { return nil }
    guard token.utf8.count <= limit,
      token.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || isWord($0) })
    else {
      throw DatasetError(
        "\(place) is no token: it is longer, or has other characters than a-z, 0-9, _ and -")
    }
    return token
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch UnicodeScalar(byte) {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }
}
